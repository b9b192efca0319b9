/* The lock around HDF5, its reasons for failing, and its types. */
#include "config.h"
#include "h5/private.h"

#include <string.h>

static GRecMutex hdf5_mutex;

/* Without H5dont_atexit() the library's own exit handler crashes in a process whose disk was full. It must be the first call. */
static void
initialise_once (void)
{
  static gsize done = 0;
  if (g_once_init_enter (&done)) {
    H5dont_atexit ();
    H5open ();
    g_once_init_leave (&done, 1);
  }
}

GRecMutexLocker *
_hd_h5_lock (void)
{
  GRecMutexLocker *locker = g_rec_mutex_locker_new (&hdf5_mutex);
  initialise_once ();
  H5Eset_auto2 (H5E_DEFAULT, NULL, NULL); /* the setting belongs to the thread */
  return locker;
}

/* A recursive lock knows its owner by a thread number that a forked child has no longer. */
void
_hd_h5_forget_lock (void)
{
  g_rec_mutex_init (&hdf5_mutex);
}

/* The innermost entry says what happened. An I/O failure's text holds addresses and times; only the system's message is kept of it. */
static herr_t
take_innermost (unsigned n, const H5E_error2_t *entry, void *data)
{
  static const char marker[] = "error message = '";
  char **text = data;
  if (n > 0 || entry->desc == NULL)
    return 0;
  const char *message = strstr (entry->desc, marker);
  if (message == NULL) {
    *text = g_strdup (entry->desc);
    return 0;
  }
  message += strlen (marker);
  *text = g_strndup (message, strcspn (message, "'"));
  return 0;
}

char *
_hd_h5_reason (void)
{
  char *text = NULL;
  H5Ewalk2 (H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, &text);
  H5Eclear2 (H5E_DEFAULT);
  return text != NULL ? text : g_strdup ("HDF5 gave no reason");
}

gboolean
_hd_h5_close (hid_t *id)
{
  hid_t old = *id;
  *id = H5I_INVALID_HID;
  return old < 0 || H5Idec_ref (old) >= 0;
}

void
_hd_h5_auto_close (hid_t *id)
{
  _hd_h5_close (id);
}

gsize
hd_h5_type_size (HdH5Type type)
{
  switch (type) {
    case HD_H5_U8: return 1;
    case HD_H5_U16: return 2;
    case HD_H5_U32: return 4;
    case HD_H5_STRING: return sizeof (char *);
    default: return 8;
  }
}

HdH5Type
hd_h5_narrowest_type (guint64 max_value)
{
  if (max_value <= G_MAXUINT8)
    return HD_H5_U8;
  if (max_value <= G_MAXUINT16)
    return HD_H5_U16;
  return max_value <= G_MAXUINT32 ? HD_H5_U32 : HD_H5_U64;
}

hid_t
_hd_h5_file_type (HdH5Type type)
{
  switch (type) {
    case HD_H5_U8: return H5T_STD_U8LE;
    case HD_H5_U16: return H5T_STD_U16LE;
    case HD_H5_U32: return H5T_STD_U32LE;
    case HD_H5_U64: return H5T_STD_U64LE;
    case HD_H5_I64: return H5T_STD_I64LE;
    case HD_H5_F64: return H5T_IEEE_F64LE;
    default: return H5I_INVALID_HID;
  }
}

hid_t
_hd_h5_memory_type (HdH5Type type)
{
  switch (type) {
    case HD_H5_U8: return H5T_NATIVE_UINT8;
    case HD_H5_U16: return H5T_NATIVE_UINT16;
    case HD_H5_U32: return H5T_NATIVE_UINT32;
    case HD_H5_U64: return H5T_NATIVE_UINT64;
    case HD_H5_I64: return H5T_NATIVE_INT64;
    case HD_H5_F64: return H5T_NATIVE_DOUBLE;
    default: return H5I_INVALID_HID;
  }
}

hid_t
_hd_h5_string_type (void)
{
  hid_t type = H5Tcopy (H5T_C_S1);
  if (type < 0 || H5Tset_size (type, H5T_VARIABLE) < 0 || H5Tset_cset (type, H5T_CSET_UTF8) < 0) {
    _hd_h5_close (&type);
    return H5I_INVALID_HID;
  }
  return type;
}
