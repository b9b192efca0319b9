/* The words of the files, in the order of the enumerations, NULL-ended; and how numbers are told. */
#pragma once

#include <heddle/validate.h>

extern const char *const _hd_quantity_words[];
extern const char *const _hd_certainty_words[];
extern const char *const _hd_provenance_words[];

/** Returns (transfer full): a value for people: whole with commas from 1000 on, else three or four digits. */
char *_hd_validation_number (double value);
/** Appends an error with its sign and one digit; none for what is 0.0. */
void _hd_validation_append_error (GString *out, double percent);
