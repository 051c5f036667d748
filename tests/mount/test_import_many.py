"""Five hundred portraits, with names in twelve scripts and files in every spelling: each lands on its person, or nowhere."""

import json
import os
import unicodedata

import pytest
from conftest import CONTACTFS, Contacts

# Given and family names, six and seven of each script.
NAMES = [
    ("Zoë Jürgen Łukasz Søren Đorđe Þóra", "Müller Groß Østergård Żółć Nguyễn Çağlar D'Angelo"),
    ("Αλέξης Ελένη Γιώργος Μαρία Νίκος Σοφία", "Ζορμπάς Παπαδόπουλος Γεωργίου Νικολάου Δήμου Ξένος Ωραίος"),
    ("Андрей Семён Юлия Ольга Николай Зоя", "Королёв Белый Йовович Чайка Щукин Эфрон Мойсеев"),
    ("ليلى أحمد يوسف مريم خالد نور", "حداد العلي منصور قباني درويش سعيد فارس"),
    ("נועה שרה דוד יעל משה רות", "לוי כהן מזרחי פרץ ביטון דהן אזולאי"),
    ("प्रिया राम सीता अर्जुन मीरा कृष्ण", "शर्मा वर्मा गुप्ता सिंह मेहता जोशी पाटिल"),
    ("অনন্যা কমল রবি মিতা সুমন দীপা", "রায় সেন দাস ঘোষ বসু পাল গুহ"),
    ("கவிதா முருகன் ராதா குமார் மீனா செல்வி", "ராஜன் சுப்ரமணியம் நாயர் பாண்டியன் சேகர் மோகன் கண்ணன்"),
    ("สมชาย สมหญิง มานี ปิติ ชูใจ วีระ", "ใจดี รักไทย มีสุข ทองคำ แก้วใส ศรีสุข บุญมา"),
    ("花子 太郎 さくら ガク 一郎 美咲", "田中 鈴木 山田 佐藤 高橋 渡辺 伊藤"),
    ("민수 지영 하나 서준 유진 도윤", "김 이 박 최 정 강 조"),
    ("ნინო გიორგი მარიამი ლევან თამარ დავით", "ბერიძე მაისურაძე კაპანაძე ლომიძე გელაშვილი ჯაფარიძე ქავთარაძე"),
]

SPELLINGS = [
    "{given} {family}.jpg",
    "{family}, {given}.png",
    "{given}_{family}-2024.HEIC",
    "{upper_given} {upper_family} (1).JPEG",
    "{family}.{given}.jpg",
    "IMG_20240501_{given}_{family}.jpg",
    "{nfd_given} {nfd_family}.jpg",
    "{lower_given}-{lower_family} 3.jpg",
    "01 {given} {family} copy.jpg",
]


def people():
    return [(given, family) for givens, families in NAMES for given in givens.split() for family in families.split()]


def file_name(number, given, family):
    forms = {"given": given, "family": family}
    for name in ("given", "family"):
        forms |= {"upper_" + name: forms[name].upper(), "lower_" + name: forms[name].lower(),
                  "nfd_" + name: unicodedata.normalize("NFD", forms[name])}
    return SPELLINGS[number % len(SPELLINGS)].format(**forms)


@pytest.mark.emulator("--people", "0", "--keep-bytes")
def test_five_hundred(emulator, mount, faces, run, tmp_path):
    wanted = {}
    folder = tmp_path / "portraits"
    folder.mkdir()
    for number, (given, family) in enumerate(people()):
        resource = emulator.create_person(given, family)
        wanted[resource] = faces.face_bytes(number)
        (folder / file_name(number, given, family)).write_bytes(wanted[resource])
    strangers = ["Zoe Muler", "Андреи Белыи", "かのん 田中", "민 김", "ليلى", "Müller", "A. Groß", "सीता सर्मा"]
    for name in strangers:
        (folder / f"{name}.jpg").write_bytes(faces.face_bytes(1000))
    assert len(wanted) > 500
    mounted = Contacts(emulator, mount(emulator, "--writes-per-minute", "0"))
    ended = run(CONTACTFS, "import", "--yes", "--json", folder, mounted.path, env=mounted.mount.env, check=False, timeout=240)
    report = json.loads(ended.out)
    assert ended.status == 3
    left = [picture for picture in report["pictures"] if picture["state"] != "placed"]
    assert sorted(os.path.basename(picture["file"])[:-4] for picture in left) == sorted(strangers)
    assert {picture["state"] for picture in left} == {"nobody"}
    for resource, picture in wanted.items():
        assert emulator.photo_bytes(resource) == picture, resource
