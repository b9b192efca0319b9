/* Opening a file that may be hostile, and reading its names, attributes, and strings. */
#include "config.h"
#include "base/file.h"
#include "h5/read-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
_hd_h5_read_error (const HdH5Reader *self, const char *object, GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  H5Eclear2 (H5E_DEFAULT);
  g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%s: %s", self->path, object, text);
  return FALSE;
}

gboolean
_hd_h5_read_failed (const HdH5Reader *self, const char *object, GError **error)
{
  g_autofree char *reason = _hd_h5_reason ();
  return _hd_h5_read_error (self, object, error, "cannot be read (%s) - the file is damaged", reason);
}

/* --- opening ------------------------------------------------------------------------------------------- */

static gboolean
check_signature (const char *path, guint64 *size, GError **error)
{
  static const guint8 signature[8] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n' };
  guint8 begin[8];
  struct stat info;
  if (!hd_file_is_there (path, error))
    return FALSE;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat (fd, &info) != 0) {
    g_set_error (error, HD_ERROR, HD_ERROR_NO_INPUT, "%s: cannot be read (%s)", path, g_strerror (errno));
    if (fd >= 0)
      close (fd);
    return FALSE;
  }
  gboolean same = S_ISREG (info.st_mode) && read (fd, begin, sizeof begin) == sizeof begin && memcmp (begin, signature, sizeof begin) == 0;
  close (fd);
  *size = info.st_size;
  if (!same)
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/: does not begin with the HDF5 signature - expected an HDF5 file", path);
  return same;
}

hid_t
_hd_h5_open_file (const char *path)
{
  AUTO_ID access = H5Pcreate (H5P_FILE_ACCESS);
  if (access < 0 || H5Pset_fclose_degree (access, H5F_CLOSE_STRONG) < 0)
    return H5I_INVALID_HID;
#if H5_VERSION_GE(1, 10, 7)
  if (H5Pset_file_locking (access, 0, 1) < 0) /* files are renamed into place whole */
    return H5I_INVALID_HID;
#endif
  return H5Fopen (path, H5F_ACC_RDONLY, access);
}

HdH5Reader *
hd_h5_open (const char *path, GError **error)
{
  HDF5_SCOPE ();
  g_autoptr (HdH5Reader) self = g_new0 (HdH5Reader, 1);
  self->path = g_strdup (path);
  self->file = H5I_INVALID_HID;
  if (!check_signature (path, &self->size, error) || !_hd_h5_probe (self, error))
    return NULL;
  self->file = _hd_h5_open_file (path);
  if (self->file < 0) {
    _hd_h5_read_failed (self, "/", error);
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
hd_h5_reader_free (HdH5Reader *self)
{
  if (self == NULL)
    return;
  HDF5_SCOPE ();
  if (self->file >= 0)
    H5Fclose (self->file);
  H5Eclear2 (H5E_DEFAULT);
  g_free (self->path);
  g_free (self);
}

const char *
hd_h5_reader_path (const HdH5Reader *self)
{
  return self->path;
}

/* --- what is there --------------------------------------------------------------------------------------- */

/* H5Lexists() wants every group on the way to exist. */
gboolean
hd_h5_exists (HdH5Reader *self, const char *object)
{
  HDF5_SCOPE ();
  if (g_str_equal (object, "/"))
    return TRUE;
  for (const char *end = strchr (object + 1, '/');; end = strchr (end + 1, '/')) {
    g_autofree char *prefix = end == NULL ? g_strdup (object) : g_strndup (object, end - object);
    if (H5Lexists (self->file, prefix, H5P_DEFAULT) <= 0 || H5Oexists_by_name (self->file, prefix, H5P_DEFAULT) <= 0) {
      H5Eclear2 (H5E_DEFAULT);
      return FALSE;
    }
    if (end == NULL)
      return TRUE;
  }
}

gboolean
hd_h5_has_attribute (HdH5Reader *self, const char *object, const char *name)
{
  HDF5_SCOPE ();
  gboolean has = hd_h5_exists (self, object) && H5Aexists_by_name (self->file, object, name, H5P_DEFAULT) > 0;
  H5Eclear2 (H5E_DEFAULT);
  return has;
}

/* Soft and external links lead out of what was checked: they are not ours, and not followed. */
static herr_t
collect_name (hid_t group, const char *name, const H5L_info_t *info, void *data)
{
  if (info->type == H5L_TYPE_HARD)
    g_ptr_array_add (data, g_strdup (name));
  return 0;
}

char **
hd_h5_list (HdH5Reader *self, const char *group, guint *n, GError **error)
{
  HDF5_SCOPE ();
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  if (!hd_h5_exists (self, group)) {
    _hd_h5_read_error (self, group, error, "is missing - expected a group");
    return NULL;
  }
  if (H5Literate_by_name (self->file, group, H5_INDEX_NAME, H5_ITER_INC, NULL, collect_name, names, H5P_DEFAULT) < 0) {
    _hd_h5_read_failed (self, group, error);
    return NULL;
  }
  if (n != NULL)
    *n = names->len;
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

/* --- attributes ---------------------------------------------------------------------------------------- */

/* Opens a scalar attribute; TRUE also checks that it has one value. */
static gboolean
open_attribute (HdH5Reader *self, const char *object, const char *name, hid_t *attribute, hid_t *type, GError **error)
{
  if (!hd_h5_has_attribute (self, object, name))
    return _hd_h5_read_error (self, object, error, "attribute '%s' is missing", name);
  *attribute = H5Aopen_by_name (self->file, object, name, H5P_DEFAULT, H5P_DEFAULT);
  if (*attribute < 0)
    return _hd_h5_read_failed (self, object, error);
  *type = H5Aget_type (*attribute);
  AUTO_ID space = H5Aget_space (*attribute);
  if (*type < 0 || space < 0)
    return _hd_h5_read_failed (self, object, error);
  if (H5Sget_simple_extent_npoints (space) != 1)
    return _hd_h5_read_error (self, object, error, "attribute '%s' is an array - expected one value", name);
  return TRUE;
}

/* The text at @raw is valid UTF-8, and so fit to be shown. */
static gboolean
take_text (const char *raw, char **value)
{
  if (raw != NULL && !g_utf8_validate (raw, -1, NULL))
    return FALSE;
  *value = g_strdup (raw != NULL ? raw : "");
  return TRUE;
}

static gboolean
read_fixed_text (hid_t attribute, hid_t type, char **value)
{
  gsize size = H5Tget_size (type);
  g_autofree char *raw = g_try_malloc0 (size + 1);
  return size <= HD_H5_MAX_FIXED_STRING && raw != NULL && H5Aread (attribute, type, raw) >= 0 && take_text (raw, value);
}

static gboolean
read_variable_text (hid_t attribute, char **value)
{
  AUTO_ID memory = _hd_h5_string_type ();
  char *raw = NULL;
  if (memory < 0 || H5Aread (attribute, memory, &raw) < 0)
    return FALSE;
  gboolean fine = take_text (raw, value);
  H5free_memory (raw);
  return fine;
}

gboolean
hd_h5_read_string_attribute (HdH5Reader *self, const char *object, const char *name, char **value, GError **error)
{
  HDF5_SCOPE ();
  AUTO_ID attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;
  if (!open_attribute (self, object, name, &attribute, &type, error))
    return FALSE;
  if (H5Tget_class (type) != H5T_STRING)
    return _hd_h5_read_error (self, object, error, "attribute '%s' is not text - expected a string", name);
  gboolean variable = H5Tis_variable_str (type) > 0;
  /* ASCII text reads as UTF-8 only when the memory type says so as well. */
  if (variable ? !read_variable_text (attribute, value) : !read_fixed_text (attribute, type, value))
    return _hd_h5_read_error (self, object, error, "attribute '%s' cannot be read - expected UTF-8 text", name);
  return TRUE;
}

gboolean
hd_h5_read_u64_attribute (HdH5Reader *self, const char *object, const char *name, guint64 *value, GError **error)
{
  HDF5_SCOPE ();
  gint64 number;
  AUTO_ID attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;
  if (!open_attribute (self, object, name, &attribute, &type, error))
    return FALSE;
  if (H5Tget_class (type) != H5T_INTEGER || H5Tget_size (type) > sizeof *value)
    return _hd_h5_read_error (self, object, error, "attribute '%s' is not an integer of 64 bits - expected one", name);
  if (H5Tget_sign (type) == H5T_SGN_2 && (H5Aread (attribute, H5T_NATIVE_INT64, &number) < 0 || number < 0))
    return _hd_h5_read_error (self, object, error, "attribute '%s' is negative - expected a count", name);
  return H5Aread (attribute, H5T_NATIVE_UINT64, value) >= 0 || _hd_h5_read_failed (self, object, error);
}

gboolean
hd_h5_read_f64_attribute (HdH5Reader *self, const char *object, const char *name, double *value, GError **error)
{
  HDF5_SCOPE ();
  AUTO_ID attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;
  if (!open_attribute (self, object, name, &attribute, &type, error))
    return FALSE;
  H5T_class_t class = H5Tget_class (type);
  if ((class != H5T_FLOAT && class != H5T_INTEGER) || H5Tget_size (type) > sizeof *value)
    return _hd_h5_read_error (self, object, error, "attribute '%s' is not a number - expected one", name);
  return H5Aread (attribute, H5T_NATIVE_DOUBLE, value) >= 0 || _hd_h5_read_failed (self, object, error);
}

/* --- strings ---------------------------------------------------------------------------------------------- */

/* Opens a dataset of variable-length strings of @rank 0 or 1; *@n: how many. */
static gboolean
open_strings (HdH5Reader *self, const char *path, int rank, hid_t *dataset, guint64 *n, GError **error)
{
  if (!hd_h5_exists (self, path))
    return _hd_h5_read_error (self, path, error, "is missing - expected %s", rank == 0 ? "a text" : "a list of strings");
  *dataset = H5Dopen2 (self->file, path, H5P_DEFAULT);
  AUTO_ID type = *dataset < 0 ? H5I_INVALID_HID : H5Dget_type (*dataset);
  AUTO_ID space = *dataset < 0 ? H5I_INVALID_HID : H5Dget_space (*dataset);
  if (type < 0 || space < 0)
    return _hd_h5_read_failed (self, path, error);
  if (H5Tget_class (type) != H5T_STRING || H5Tis_variable_str (type) <= 0)
    return _hd_h5_read_error (self, path, error, "does not hold variable-length strings - expected them");
  if (H5Sget_simple_extent_ndims (space) != rank)
    return _hd_h5_read_error (self, path, error, "has %d dimensions - expected %d", H5Sget_simple_extent_ndims (space), rank);
  *n = H5Sget_simple_extent_npoints (space);
  /* Each string takes a reference of 16 bytes in the file. */
  if (*n > self->size / 16 + 1)
    return _hd_h5_read_error (self, path, error, "declares %" G_GUINT64_FORMAT " strings - more than the file can hold", *n);
  return TRUE;
}

/* Reads @n strings; NULL on error. What HDF5 allocates is copied and given back. */
static char **
read_strings (HdH5Reader *self, const char *path, hid_t dataset, guint64 n, GError **error)
{
  AUTO_ID memory = _hd_h5_string_type ();
  AUTO_ID space = H5Dget_space (dataset);
  g_autofree char **raw = g_try_new0 (char *, n + 1);
  g_auto (GStrv) strings = g_try_new0 (char *, n + 1);
  if (raw == NULL || strings == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%s:%s: %" G_GUINT64_FORMAT " strings do not fit in memory", self->path, path, n);
    return NULL;
  }
  if (memory < 0 || space < 0 || (n > 0 && H5Dread (dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0)) {
    _hd_h5_read_failed (self, path, error);
    return NULL;
  }
  gboolean fine = TRUE;
  for (guint64 i = 0; i < n && fine; i++)
    fine = take_text (raw[i], &strings[i]);
  if (n > 0)
    H5Dvlen_reclaim (memory, space, H5P_DEFAULT, raw);
  if (!fine) {
    _hd_h5_read_error (self, path, error, "holds text that is not UTF-8");
    return NULL;
  }
  return g_steal_pointer (&strings);
}

char **
hd_h5_read_strings (HdH5Reader *self, const char *path, guint64 *rows, GError **error)
{
  HDF5_SCOPE ();
  guint64 n;
  AUTO_ID dataset = H5I_INVALID_HID;
  if (!open_strings (self, path, 1, &dataset, &n, error))
    return NULL;
  if (*rows != HD_H5_ANY_ROWS && *rows != n) {
    _hd_h5_read_error (self, path, error, "has %" G_GUINT64_FORMAT " rows - expected %" G_GUINT64_FORMAT, n, *rows);
    return NULL;
  }
  *rows = n;
  return read_strings (self, path, dataset, n, error);
}

char *
hd_h5_read_text (HdH5Reader *self, const char *path, GError **error)
{
  HDF5_SCOPE ();
  guint64 n;
  AUTO_ID dataset = H5I_INVALID_HID;
  if (!open_strings (self, path, 0, &dataset, &n, error))
    return NULL;
  g_auto (GStrv) strings = read_strings (self, path, dataset, 1, error);
  return strings == NULL ? NULL : g_steal_pointer (&strings[0]);
}
