"""JPEGs with what telephones put into them: segments, and files behind their end (motion photos, gain maps)."""

import struct

XMP = b"http://ns.adobe.com/xap/1.0/\0"


def segment(code, body):
    return bytes((0xff, code)) + struct.pack(">H", len(body) + 2) + body


def with_segments(jpeg, *segments):
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def segments(jpeg):
    """[(code, body)] up to the first scan."""
    found, at = [], 2
    while jpeg[at + 1] != 0xda:
        length, = struct.unpack_from(">H", jpeg, at + 2)
        found.append((jpeg[at + 1], jpeg[at + 4:at + 2 + length]))
        at += 2 + length
    return found


def packets(jpeg):
    return [body[len(XMP):] for code, body in segments(jpeg) if code == 0xe1 and body.startswith(XMP)]


def xmp(properties, more="", elements=""):
    """An APP1 with these attributes of one rdf:Description."""
    return segment(0xe1, XMP + f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="tests">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" {more}
    {properties}>{elements}</rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode())


RATING = 'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"'
CAMERA = "http://ns.google.com/photos/1.0/camera/"


def directory(*items):
    """GContainer's list of what is in the file: (semantic, mime type, length)."""
    lines = "".join(f'<rdf:li rdf:parseType="Resource"><C:Item I:Semantic="{name}" I:Mime="{mime}" I:Length="{length}"/></rdf:li>'
                    for name, mime, length in items)
    return ('<C:Directory xmlns:C="http://ns.google.com/photos/1.0/container/"'
            ' xmlns:I="http://ns.google.com/photos/1.0/container/item/">'
            f"<rdf:Seq>{lines}</rdf:Seq></C:Directory>")


def motion_photo(jpeg, size=4000):
    """As Google's camera writes it since 2021; prefixes are the writer's choice."""
    video = struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * (size // 256)
    return with_segments(jpeg, xmp(f'xmlns:G="{CAMERA}" G:MotionPhoto="1" G:MotionPhotoVersion="1" G:BurstID="b"', RATING,
                                   directory(("Primary", "image/jpeg", 0), ("MotionPhoto", "video/mp4", len(video))))) + video


def mpf(offset, size):
    """CIPA DC-007, with one more picture."""
    entries = struct.pack(">IIIHH", 0x20030000, 0, 0, 0, 0) + struct.pack(">IIIHH", 0, size, offset, 0, 0)
    body = b"MM\0*\0\0\0\x08\0\3" + struct.pack(">HHI4s", 0xb000, 7, 4, b"0100") + struct.pack(">HHII", 0xb001, 4, 1, 2)
    return segment(0xe2, b"MPF\0" + body + struct.pack(">HHII", 0xb002, 7, 32, 50) + bytes(4) + entries)
