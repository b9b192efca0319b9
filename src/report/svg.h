/* The parts of the Gantt chart: rows of bars and columns, occupancy of memories, and what stands around them. */
#pragma once

#include "report/view.h"

#include <glib.h>
#include <stdio.h>

enum { SVG_LEFT = 170, SVG_RIGHT = 54, SVG_WIDTH = 1100, SVG_LABEL = 156 };
/* Twelve hues in three shades for the layers, and one grey for what belongs to none. */
enum { SVG_HUES = 12, SVG_SHADES = 3, SVG_COLOURS = SVG_HUES * SVG_SHADES };
/* More rows, and more memories, are counted and not drawn. */
enum { SVG_MOST_ROWS = 200 };

typedef struct {
  const HdView *view;
  FILE *out;
  double scale;         /* pixels per cycle */
  int y;                /* where the next thing goes */
} SvgChart;

/** Class of a task's colour: "c%u". */
guint _hd_svg_colour (const HdView *view, guint32 task);

/** The colour behind "c%u". */
void _hd_svg_colour_of_class (guint class, guint rgb[3]);

/** The rows of the cores and queues that did anything. */
void _hd_svg_rows (SvgChart *self);
/** The occupancy of the memories that held anything. */
gboolean _hd_svg_memories (SvgChart *self, const guint64 *capacity, GError **error);
