/* What a mapping file says, before it is held against the workload layer by layer. Internal to the room. */
#pragma once

#include <heddle/mapping.h>
#include "xml/xml.h"

G_BEGIN_DECLS

/** A cut, unrolled or temporal loop as written: names only. */
typedef struct {
  char *rank;
  char *dimension;               /* unroll */
  char *level[HD_N_OPERANDS];    /* loop */
  guint64 size;                  /* size or factor */
  guint line;
} HdMappingTerm;

/** What a <stack>, <operator> or <layer> says about layers. */
typedef struct {
  char *name;                    /* operator type or layer id */
  guint line;
  GArray *cores;                 /* (nullable) HdCoreId */
  char *split;                   /* (nullable) */
  GArray *cuts;                  /* HdMappingTerm */
  GArray *unrolls;               /* (nullable) HdMappingTerm */
  GArray *loops;                 /* (nullable) HdMappingTerm */
} HdMappingRule;

typedef struct {
  HdXmlDocument *document;
  HdDiagnostics *faults;
  HdMapping *mapping;
  GArray *stacks;                /* HdMappingStack; takes over into the mapping */
  guint *stack_line_of_layer;    /* line of the stack that took the layer; 0: none yet */
  guint *stack_of_layer;         /* index in stacks + 1; 0: none */
  GPtrArray *stack_rules;        /* HdMappingRule, by stack of the file: its cuts */
  GPtrArray *operator_rules;     /* HdMappingRule, by name */
  HdMappingRule **layer_rules;   /* by layer; NULL: none */
} HdMappingReader;

/** mapping.c: a mapping without rows. */
HdMapping *_hd_mapping_new (HdWorkload *workload, HdPlatform *platform, const char *file);
/** mapping.c: @document may be NULL. */
void _hd_mapping_reader_init (HdMappingReader *reader, HdMapping *mapping, HdXmlDocument *document, HdDiagnostics *faults);
void _hd_mapping_reader_clear (HdMappingReader *reader);
/** mapping.c: hands the stacks over to the mapping as they are, so that it frees them. */
void _hd_mapping_take_stacks (HdMappingReader *reader);
HdMappingRule *_hd_mapping_rule_new (const char *name, guint line);
void _hd_mapping_rule_free (HdMappingRule *rule);
/** stacks.c: reads one <stack>. */
void _hd_mapping_read_stack (HdMappingReader *reader, HdXmlNode *node);
/** rules.c: the attributes and children of <operator> and <layer>. */
HdMappingRule *_hd_mapping_read_rule (HdMappingReader *reader, HdXmlNode *node, const char *name);
/** rules.c: one <cut>. */
void _hd_mapping_read_cut (HdMappingReader *reader, HdXmlNode *node, HdMappingRule *rule);
/** The term of that rank; NULL when there is none. */
const HdMappingTerm *_hd_mapping_find_term (const GArray *terms, const char *rank);
/** resolve.c: rules to rows, one for each layer. Faults go to @faults. */
void _hd_mapping_resolve_layers (HdMappingReader *reader);
/** resolve.c: the first core by name that takes the layer. */
void _hd_mapping_give_default_core (HdMappingReader *reader, const HdLayer *layer, HdMappingLayer *row);
/** resolve.c: pieces of an inner digit of an output dimension make a box only where the outer digits are fixed. Returns the outer rank that is not, or -1. */
int _hd_mapping_hindering_rank (const HdLayer *layer, const guint64 *piece, guint rank);
/** order.c: gives each unnamed layer a stack and puts the stacks in order. Faults go to @faults. */
void _hd_mapping_order_stacks (HdMappingReader *reader);
/** fit.c: cuts each layer until a node fits its core's memories. */
void _hd_mapping_fit (HdMapping *mapping);
/** Adds the fault "no X called NAME", with a suggestion out of @candidates. */
void _hd_mapping_unknown (HdMappingReader *reader, guint line, const char *what, const char *name, const char *const *candidates, gsize n);

G_END_DECLS
