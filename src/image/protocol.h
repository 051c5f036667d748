/*
 * Between the daemon and its helper contactfs-convert: one process for each request, which it gets as arguments
 *
 *   contactfs-convert OPERATION KIND MAX-SIDE MAX-BYTES        KIND as image_kind_mime_type has it
 *
 *   convert      input → an upright sRGB JPEG within the limits
 *   turn         a JPEG turned by EXIF, or coded arithmetically → the same upright and coded by Huffman, without loss
 *                if its blocks allow; else as convert
 *   verify       nothing to output: does the JPEG decode without a single complaint?
 *   compare      nothing to output: does second show the same picture as input?
 *
 * and as open files. The helper opens nothing itself. It writes its report before it ends with 0:
 *
 *   "ok", "failed" or "unable" in the first line. ok: a phrase a line for what was changed ("scaled from 5000 × 4000 to …
 *   pixels"); for compare, "same" or "other". failed: a sentence without a subject ("is cut off").
 *   unable: why it did not even look.
 *
 * Any other end (a signal, another status, no report) means that the decoder could not cope with the input. What comes
 * back is untrusted: the input may have taken the helper over.
 */
#pragma once

#define IMAGE_HELPER_PROGRAM "contactfs-convert"

/* Its files, all memfds: it dies of writing more than the limits. */
enum { IMAGE_HELPER_INPUT = 3, IMAGE_HELPER_OUTPUT = 4, IMAGE_HELPER_REPORT = 5, IMAGE_HELPER_SECOND = 6 };

#define IMAGE_HELPER_REPORT_MAX 2000

#define IMAGE_HELPER_OK     "ok"
#define IMAGE_HELPER_FAILED "failed"
#define IMAGE_HELPER_UNABLE "unable"
#define IMAGE_HELPER_SAME   "same"
#define IMAGE_HELPER_OTHER  "other"
