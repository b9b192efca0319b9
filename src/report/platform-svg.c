/* A platform as a drawing, laid out like a wiring diagram so that no text can overlap another, whatever the topology:
 *
 *     title      core      core            every core a box: kind, array, inner levels
 *     legend      |          \__           its private memories below it; wires to shared ones on lines of their own
 *                memory   shared   dram
 *     bus      ---o---------o-------o--    every bus and link a horizontal line, its label in the margin on the left
 *     link     ---o-----------o------     a dot where something is tied to it
 *
 * Vertical wires have places of their own along x: each tie of a memory has one at the memory's edge, ties between two horizontal lines share places to the right
 * of everything where they do not meet.
 */
#include "config.h"
#include <heddle/platform-svg.h>

#include <heddle/units.h>

#include <string.h>

enum {
  MARGIN = 20,
  LINE = 15,        /* of text */
  CELL = 7,         /* of the array's sketch */
  SKETCH = 56,      /* its whole size */
  SLOT = 12,        /* between two wires */
  TRACK = 18,       /* between two horizontal lines */
  GAP = 16,         /* between two boxes */
  TEXT_WIDTH = 7,   /* of a character at the size of the text, at most on average */
  LONGEST_NAME = 32,
};

/* A thing that is tied to a horizontal line: a memory, or another horizontal line. */
typedef struct {
  guint track;
  HdMemoryId memory;   /* HD_NONE: */
  guint other;         /*   ... a track */
  guint x;
} Tie;

/* One horizontal line: a bus, a link, or both directions of a full-duplex link. */
typedef struct {
  HdResourceId resource, backward;   /* backward: HD_NONE: one resource only */
  char *label;
  guint y, left, right;
} Track;

typedef struct {
  guint x, y, width, height;
  guint n_ties, used;
} Box;

typedef struct {
  const HdPlatform *platform;
  GString *out;
  guint n_tracks, *track_of;   /* by resource */
  Track *track;
  GArray *ties;
  Box *core, *memory;
  guint margin;                /* where the labels end */
  guint core_height, access_y, memory_y, tracks_y, width, height;
} Drawing;

/* --- text ------------------------------------------------------------------------------------------ */

/* Returns (transfer full): at most LONGEST_NAME characters of it. */
static char *
shorten (const char *name)
{
  return strlen (name) <= LONGEST_NAME ? g_strdup (name) : g_strdup_printf ("%.*s…", LONGEST_NAME - 1, name);
}

static guint
text_width (const char *text)
{
  return (guint) g_utf8_strlen (text, -1) * TEXT_WIDTH;
}

static void
draw_text (Drawing *self, guint x, guint y, const char *style, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  g_string_append_printf (self->out, "<text x=\"%u\" y=\"%u\" class=\"%s\">%s</text>\n", x, y, style, escaped);
}

static char *
width_text (guint64 bits)
{
  return bits == 0 ? g_strdup ("unlimited") : g_strdup_printf ("%" G_GUINT64_FORMAT " bit/cycle", bits);
}

/* "full" is of both directions together: 64 bit/cycle each way. */
static char *
track_label (const HdPlatform *platform, const Track *track)
{
  static const char *const ARBITER[] = { "", ", round-robin", ", fixed priority", ", time slots" };
  const HdResource *resource = &platform->resource[track->resource];
  g_autofree char *name = track->backward == HD_NONE ? g_strdup (resource->id) : g_strndup (resource->id, strlen (resource->id) - strlen (".forward"));
  g_autofree char *shown = shorten (name), *width = width_text (resource->width_bits);
  return g_strdup_printf ("%s: %s%s%s", shown, width, track->backward != HD_NONE ? " each way" : "", ARBITER[resource->arbiter]);
}

static char *
capacity_text (const HdMemory *memory)
{
  return memory->capacity_bits == HD_UNLIMITED_BITS ? g_strdup ("no limit") : hd_bits_for_people (memory->capacity_bits);
}

static char *
ports_text (const HdPlatform *platform, const HdMemory *memory)
{
  g_autofree char *read = width_text (platform->resource[memory->read_port].width_bits), *write = width_text (platform->resource[memory->write_port].width_bits);
  if (memory->read_port == memory->write_port)
    return g_strdup_printf ("rw %s", read);
  return g_str_equal (read, write) ? g_strdup_printf ("r, w %s", read) : g_strdup_printf ("r %s, w %s", read, write);
}

/* --- what is tied to what ------------------------------------------------------------------------------ */

/* The other direction of a full-duplex link, or HD_NONE. */
static HdResourceId
find_backward (const HdPlatform *platform, HdResourceId forward)
{
  const HdResource *resource = &platform->resource[forward];
  if (resource->kind != HD_RESOURCE_LINK || !g_str_has_suffix (resource->id, ".forward"))
    return HD_NONE;
  g_autofree char *name = g_strdup_printf ("%.*s.backward", (int) (strlen (resource->id) - strlen (".forward")), resource->id);
  HdResourceId found = hd_platform_find_resource (platform, name);
  return found != HD_NONE && platform->resource[found].width_bits == resource->width_bits ? found : HD_NONE;
}

static void
find_tracks (Drawing *self)
{
  const HdPlatform *platform = self->platform;
  self->track = g_new0 (Track, platform->n_resources + 1);
  self->track_of = g_new (guint, platform->n_resources + 1);
  for (HdResourceId r = 0; r < platform->n_resources; r++)
    self->track_of[r] = HD_NONE;
  for (guint links = 0; links < 2; links++)
    for (HdResourceId r = 0; r < platform->n_resources; r++) {
      if (platform->resource[r].kind != (links ? HD_RESOURCE_LINK : HD_RESOURCE_BUS) || self->track_of[r] != HD_NONE)
        continue;
      /* "x.backward" stands before "x.forward": it waits for it. */
      if (g_str_has_suffix (platform->resource[r].id, ".backward")) {
        g_autofree char *name = g_strdup_printf ("%.*s.forward", (int) (strlen (platform->resource[r].id) - strlen (".backward")), platform->resource[r].id);
        HdResourceId forward = hd_platform_find_resource (platform, name);
        if (forward != HD_NONE && find_backward (platform, forward) == r)
          continue;
      }
      Track *track = &self->track[self->n_tracks];
      *track = (Track) { .resource = r, .backward = find_backward (platform, r), .left = G_MAXUINT };
      self->track_of[r] = self->n_tracks;
      if (track->backward != HD_NONE)
        self->track_of[track->backward] = self->n_tracks;
      track->label = track_label (platform, track);
      self->n_tracks++;
    }
}

static void
add_tie (Drawing *self, GHashTable *known, guint track, HdMemoryId memory, guint other)
{
  Tie tie = { MIN (track, other), memory, memory != HD_NONE ? HD_NONE : MAX (track, other), 0 };
  gint64 key = (gint64) tie.track << 32 | (memory != HD_NONE ? 2 * (gint64) memory : 2 * (gint64) tie.other + 1);
  if (g_hash_table_add (known, g_memdup2 (&key, sizeof key)))
    g_array_append_val (self->ties, tie);
}

static void
find_ties (Drawing *self)
{
  const HdPlatform *platform = self->platform;
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->ties = g_array_new (FALSE, FALSE, sizeof (Tie));
  for (HdResourceId r = 0; r < platform->n_resources; r++) {
    const HdResourceId *to;
    guint n = hd_platform_next (platform, r, &to);
    for (guint i = 0; i < n; i++) {
      const HdResource *from = &platform->resource[r], *next = &platform->resource[to[i]];
      if (from->kind == HD_RESOURCE_PORT)
        add_tie (self, known, self->track_of[to[i]], from->memory, HD_NONE);
      else if (next->kind == HD_RESOURCE_PORT)
        add_tie (self, known, self->track_of[r], next->memory, HD_NONE);
      else
        add_tie (self, known, self->track_of[r], HD_NONE, self->track_of[to[i]]);
    }
  }
  for (guint i = 0; i < self->ties->len; i++) {
    const Tie *tie = &g_array_index (self->ties, Tie, i);
    if (tie->memory != HD_NONE)
      self->memory[tie->memory].n_ties++;
  }
}

/* --- places ------------------------------------------------------------------------------------------------ */

static gboolean
uses_memory (const HdCore *core, HdMemoryId memory)
{
  for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
    if (core->operand_memory[operand] == memory)
      return TRUE;
  return FALSE;
}

static void
size_memory (Drawing *self, HdMemoryId m)
{
  const HdMemory *memory = &self->platform->memory[m];
  Box *box = &self->memory[m];
  g_autofree char *name = shorten (memory->id), *ports = ports_text (self->platform, memory);
  box->width = MAX (MAX (text_width (name), text_width (ports)) + 16, box->n_ties * SLOT + 12);
  box->height = 3 * LINE + 10;
}

static char *
level_text (const HdCore *core, const HdLevel *level)
{
  guint64 instances = 1;
  for (guint d = 0; d < core->n_dimensions; d++)
    if ((level->serves >> d & 1) == 0)
      instances *= core->dimension_size[d];
  g_autofree char *size = hd_bits_for_people (level->size_bits), *name = shorten (level->id);
  g_autofree char *times = instances > 1 ? g_strdup_printf ("%" G_GUINT64_FORMAT " x ", instances) : g_strdup ("");
  return g_strdup_printf ("%s: %s%s, r %" G_GUINT64_FORMAT " w %" G_GUINT64_FORMAT, name, times, size, level->read_width, level->write_width);
}

static const char *const KIND[] = { "spatial array", "systolic array", "vector unit", "pooling unit", "in-memory compute", "fixed cost" };

static char *
array_text (const HdCore *core)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint64 units = 1;
  if (core->kind == HD_CORE_IMC)
    g_string_append_printf (text, "%" G_GUINT64_FORMAT " x (%" G_GUINT64_FORMAT " x %" G_GUINT64_FORMAT " cells)", core->imc_macros, core->imc_rows, core->imc_columns);
  else if (core->kind == HD_CORE_FIXED)
    g_string_append_printf (text, "%u operators", core->n_fixed);
  else if (core->lanes > 0)
    g_string_append_printf (text, "%" G_GUINT64_FORMAT " lanes", core->lanes);
  else {
    for (guint d = 0; d < core->n_dimensions; d++) {
      g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, d > 0 ? " x " : "", core->dimension_size[d]);
      units *= core->dimension_size[d];
    }
    g_string_append_printf (text, " = %" G_GUINT64_FORMAT " MACs", units);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
size_core (Drawing *self, HdCoreId c)
{
  const HdCore *core = &self->platform->core[c];
  Box *box = &self->core[c];
  g_autofree char *name = shorten (core->id), *array = array_text (core);
  guint lines = 0, width = SKETCH + 24 + MAX (text_width (KIND[core->kind]), MAX (text_width (name), text_width (array)));
  for (guint i = 0; i < core->n_levels; i++) {
    if (core->level[i].memory != HD_NONE)
      continue;
    g_autofree char *text = level_text (core, &core->level[i]);
    width = MAX (width, text_width (text) + 52);
    lines++;
  }
  box->width = width;
  box->height = SKETCH + 26 + lines * LINE;
  self->core_height = MAX (self->core_height, box->height);
}

/* Cores from left to right, each above its private memories; then what is shared, then the drams. */
static void
place_boxes (Drawing *self)
{
  const HdPlatform *platform = self->platform;
  guint x = self->margin + GAP;
  for (HdCoreId c = 0; c < platform->n_cores; c++) {
    guint under = x;
    self->core[c].x = x;
    for (HdMemoryId m = 0; m < platform->n_memories; m++)
      if (platform->memory[m].core == c && !platform->memory[m].dram) {
        self->memory[m].x = under;
        under += self->memory[m].width + GAP;
      }
    x = MAX (under, x + self->core[c].width + GAP) + GAP;
  }
  for (guint dram = 0; dram < 2; dram++)
    for (HdMemoryId m = 0; m < platform->n_memories; m++)
      if (platform->memory[m].dram == (gboolean) dram && (platform->memory[m].core == HD_NONE || dram)) {
        self->memory[m].x = x;
        x += self->memory[m].width + GAP;
      }
  self->width = x;
}

/* Shared memories that cores compute from have a line each, above the memories. */
static guint
count_shared (const Drawing *self)
{
  guint n = 0;
  for (HdMemoryId m = 0; m < self->platform->n_memories; m++)
    for (HdCoreId c = 0; c < self->platform->n_cores; c++)
      if (self->platform->memory[m].core == HD_NONE && uses_memory (&self->platform->core[c], m)) {
        n++;
        break;
      }
  return n;
}

static void
stretch (Track *track, guint x)
{
  track->left = MIN (track->left, x);
  track->right = MAX (track->right, x);
}

/* Ties between two lines: each takes the first place where no other covers its height. */
static void
place_joints (Drawing *self)
{
  g_autoptr (GArray) bottom = g_array_new (FALSE, FALSE, sizeof (guint));
  guint left = self->width + GAP;
  for (guint t = 0; t < self->n_tracks; t++)
    for (guint i = 0; i < self->ties->len; i++) {
      Tie *tie = &g_array_index (self->ties, Tie, i);
      guint place = 0;
      if (tie->memory != HD_NONE || tie->track != t)
        continue;
      while (place < bottom->len && g_array_index (bottom, guint, place) >= self->track[t].y)
        place++;
      if (place == bottom->len)
        g_array_set_size (bottom, place + 1);
      g_array_index (bottom, guint, place) = self->track[tie->other].y;
      tie->x = left + place * SLOT;
      stretch (&self->track[tie->track], tie->x);
      stretch (&self->track[tie->other], tie->x);
    }
  self->width = left + bottom->len * SLOT;
}

static void
place_ties (Drawing *self)
{
  for (guint i = 0; i < self->ties->len; i++) {
    Tie *tie = &g_array_index (self->ties, Tie, i);
    if (tie->memory == HD_NONE)
      continue;
    Box *box = &self->memory[tie->memory];
    tie->x = box->x + box->width / 2 - (box->n_ties - 1) * SLOT / 2 + box->used++ * SLOT;
    stretch (&self->track[tie->track], tie->x);
  }
  place_joints (self);
}

static void
lay_out (Drawing *self)
{
  const HdPlatform *platform = self->platform;
  self->margin = 230;
  for (guint t = 0; t < self->n_tracks; t++)
    self->margin = MAX (self->margin, MARGIN + text_width (self->track[t].label));
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    size_memory (self, m);
  for (HdCoreId c = 0; c < platform->n_cores; c++)
    size_core (self, c);
  place_boxes (self);
  self->access_y = MARGIN + self->core_height + TRACK;
  self->memory_y = self->access_y + count_shared (self) * SLOT + SLOT;
  self->tracks_y = self->memory_y + 3 * LINE + 10 + 2 * TRACK;
  for (guint t = 0; t < self->n_tracks; t++)
    self->track[t].y = self->tracks_y + t * TRACK;
  place_ties (self);
  self->width += MARGIN;
  self->height = self->tracks_y + self->n_tracks * TRACK + MARGIN;
}

/* --- drawing --------------------------------------------------------------------------------------------------- */

static void
draw_rect (Drawing *self, guint x, guint y, guint width, guint height, const char *style)
{
  g_string_append_printf (self->out, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"%s\"/>\n", x, y, width, height, style);
}

static void
draw_line (Drawing *self, guint x1, guint y1, guint x2, guint y2, const char *style)
{
  g_string_append_printf (self->out, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"%s\"/>\n", x1, y1, x2, y2, style);
}

static void
draw_dot (Drawing *self, guint x, guint y)
{
  g_string_append_printf (self->out, "<circle cx=\"%u\" cy=\"%u\" r=\"3\" class=\"dot\"/>\n", x, y);
}

/* Small squares for the operands that a level holds. */
static void
draw_operands (Drawing *self, guint x, guint y, guint operands)
{
  static const char *const STYLE[] = { "input", "weight", "output" };
  for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
    if (operands >> operand & 1)
      draw_rect (self, x + operand * 10, y, 8, 8, STYLE[operand]);
}

/* The array, at most eight by eight of it; lanes in one row. */
static void
draw_array (Drawing *self, const HdCore *core, guint x, guint y)
{
  const guint most = SKETCH / CELL;
  gboolean lanes = core->n_dimensions == 0 && core->lanes > 0;
  guint64 columns = core->n_dimensions > 0 ? core->dimension_size[0] : lanes ? core->lanes : most;
  guint64 rows = core->n_dimensions > 1 ? core->dimension_size[1] : core->n_dimensions == 1 || lanes ? 1 : most;
  for (guint row = 0; row < MIN (rows, most); row++)
    for (guint column = 0; column < MIN (columns, most); column++)
      draw_rect (self, x + column * CELL, y + row * CELL, CELL - 2, CELL - 2, "cell");
}

static void
draw_core (Drawing *self, HdCoreId c)
{
  const HdCore *core = &self->platform->core[c];
  const Box *box = &self->core[c];
  g_autofree char *name = shorten (core->id), *array = array_text (core);
  guint y = MARGIN, text = box->x + SKETCH + 16;
  g_string_append_printf (self->out, "<g id=\"core-%u\">\n", c);
  draw_rect (self, box->x, y, box->width, self->core_height, "core");
  draw_array (self, core, box->x + 8, y + 10);
  draw_text (self, text, y + 20, "name", name);
  draw_text (self, text, y + 20 + LINE, "text", KIND[core->kind]);
  draw_text (self, text, y + 20 + 2 * LINE, "text", array);
  y += SKETCH + 28;
  for (guint i = 0; i < core->n_levels; i++) {
    if (core->level[i].memory != HD_NONE)
      continue;
    g_autofree char *level = level_text (core, &core->level[i]);
    draw_operands (self, box->x + 8, y - 8, core->level[i].operands);
    draw_text (self, box->x + 44, y, "text", level);
    y += LINE;
  }
  g_string_append (self->out, "</g>\n");
}

static guint
operands_of_memory (const HdPlatform *platform, HdMemoryId m)
{
  guint operands = 0;
  for (HdCoreId c = 0; c < platform->n_cores; c++)
    for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
      if (platform->core[c].operand_memory[operand] == m)
        operands |= 1u << operand;
  return operands;
}

static void
draw_memory (Drawing *self, HdMemoryId m)
{
  const HdMemory *memory = &self->platform->memory[m];
  const Box *box = &self->memory[m];
  g_autofree char *name = shorten (memory->id), *capacity = capacity_text (memory), *ports = ports_text (self->platform, memory);
  draw_rect (self, box->x, self->memory_y, box->width, box->height, memory->dram ? "dram" : "memory");
  draw_text (self, box->x + 8, self->memory_y + LINE, "name", name);
  draw_text (self, box->x + 8, self->memory_y + 2 * LINE, "text", capacity);
  draw_text (self, box->x + 8, self->memory_y + 3 * LINE, "text", ports);
  draw_operands (self, box->x + box->width - 36, self->memory_y + 2 * LINE - 9, operands_of_memory (self->platform, m));
}

/* From cores to their private memories straight down; to shared ones along a line of the memory's own. */
static void
draw_access (Drawing *self)
{
  const HdPlatform *platform = self->platform;
  g_autofree guint *used = g_new0 (guint, platform->n_cores);
  guint y = self->access_y, from = MARGIN + self->core_height;
  for (HdMemoryId m = 0; m < platform->n_memories; m++) {
    const Box *box = &self->memory[m];
    guint middle = box->x + box->width / 2, left = middle, right = middle;
    HdCoreId owner = platform->memory[m].core;
    if (owner != HD_NONE) {
      guint edge = self->core[owner].x + self->core[owner].width - 6, x = MIN (middle, edge);
      x = MAX (x, box->x + 6);
      draw_line (self, x, x <= edge ? from : self->access_y - SLOT, x, self->memory_y, "access");
      if (x > edge) {
        draw_line (self, edge, from, edge, self->access_y - SLOT, "access");
        draw_line (self, edge, self->access_y - SLOT, x, self->access_y - SLOT, "access");
      }
      continue;
    }
    for (HdCoreId c = 0; c < platform->n_cores; c++) {
      if (!uses_memory (&platform->core[c], m))
        continue;
      guint x = self->core[c].x + 10 + used[c]++ * SLOT;
      draw_line (self, x, from, x, y, "access");
      draw_dot (self, x, y);
      left = MIN (left, x);
      right = MAX (right, x);
    }
    if (left == middle && right == middle)
      continue;
    draw_line (self, left, y, right, y, "access");
    draw_line (self, middle, y, middle, self->memory_y, "access");
    y += SLOT;
  }
}

static void
draw_tracks (Drawing *self)
{
  for (guint t = 0; t < self->n_tracks; t++) {
    const Track *track = &self->track[t];
    const HdResource *resource = &self->platform->resource[track->resource];
    const char *style = resource->kind == HD_RESOURCE_BUS ? "bus" : resource->width_bits == 0 ? "wire-link" : "link";
    draw_text (self, MARGIN, track->y + 4, "text", track->label);
    if (track->left < track->right)
      draw_line (self, track->left, track->y, track->right, track->y, style);
  }
  for (guint i = 0; i < self->ties->len; i++) {
    const Tie *tie = &g_array_index (self->ties, Tie, i);
    guint top = tie->memory != HD_NONE ? self->memory_y + self->memory[tie->memory].height : self->track[tie->track].y, bottom = self->track[tie->memory != HD_NONE ? tie->track : tie->other].y;
    draw_line (self, tie->x, top, tie->x, bottom, "wire");
    draw_dot (self, tie->x, bottom);
    if (tie->memory == HD_NONE)
      draw_dot (self, tie->x, top);
  }
}

static void
draw_legend (Drawing *self)
{
  static const char *const OPERAND[] = { "inputs", "weights", "outputs" };
  g_autofree char *name = shorten (self->platform->name), *clock = hd_quantity_format ((double) self->platform->clock_hz / 1e6, HD_UNIT_COUNT);
  g_autofree char *text = g_strdup_printf ("base clock %s MHz", clock);
  draw_text (self, MARGIN, MARGIN + 14, "title", name);
  draw_text (self, MARGIN, MARGIN + 14 + LINE + 3, "text", text);
  for (guint operand = 0; operand < HD_N_OPERANDS; operand++) {
    draw_operands (self, MARGIN - operand * 10, MARGIN + 44 + operand * LINE, 1u << operand);
    draw_text (self, MARGIN + 14, MARGIN + 52 + operand * LINE, "text", OPERAND[operand]);
  }
}

static const char STYLE[] =
  "<style>"
  "text{font-family:'DejaVu Sans',Verdana,sans-serif;font-size:11px;fill:#222}"
  ".name{font-weight:bold}.title{font-size:15px;font-weight:bold}"
  ".core{fill:#f4f6fa;stroke:#446;stroke-width:1.5}.cell{fill:#b9c4dd}"
  ".memory{fill:#eef7ee;stroke:#464;stroke-width:1.2}.dram{fill:#f9eee4;stroke:#853;stroke-width:1.5}"
  ".bus{stroke:#335;stroke-width:4}.link{stroke:#668;stroke-width:2}.wire-link{stroke:#668;stroke-width:1;stroke-dasharray:4 2}"
  ".wire{stroke:#555;stroke-width:1}.access{stroke:#99a;stroke-width:1}.dot{fill:#333}"
  ".input{fill:#2b7bba}.weight{fill:#d9822b}.output{fill:#3a9d5d}"
  "</style>\n";

static void
draw (Drawing *self)
{
  const HdPlatform *platform = self->platform;
  g_string_append_printf (self->out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\">\n", self->width, self->height, self->width, self->height);
  g_string_append (self->out, STYLE);
  draw_rect (self, 0, 0, self->width, self->height, "paper\" fill=\"white");
  draw_legend (self);
  draw_access (self);
  draw_tracks (self);
  for (HdCoreId c = 0; c < platform->n_cores; c++)
    draw_core (self, c);
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    draw_memory (self, m);
  g_string_append (self->out, "</svg>\n");
}

char *
hd_platform_to_svg (const HdPlatform *platform)
{
  Drawing self = { .platform = platform, .out = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") };
  self.core = g_new0 (Box, platform->n_cores + 1);
  self.memory = g_new0 (Box, platform->n_memories + 1);
  find_tracks (&self);
  find_ties (&self);
  lay_out (&self);
  draw (&self);
  for (guint t = 0; t < self.n_tracks; t++)
    g_free (self.track[t].label);
  g_free (self.track);
  g_free (self.track_of);
  g_free (self.core);
  g_free (self.memory);
  g_array_unref (self.ties);
  return g_string_free (self.out, FALSE);
}
