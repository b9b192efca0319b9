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
/** order.c: gives each unnamed layer a stack and puts the stacks in order. Faults go to @faults. */
void _hd_mapping_order_stacks (HdMappingReader *reader);
/** fit.c: cuts each layer until a node fits its core's memories. */
void _hd_mapping_fit (HdMapping *mapping);
/** Adds the fault "no X called NAME", with a suggestion out of @candidates. */
void _hd_mapping_unknown (HdMappingReader *reader, guint line, const char *what, const char *name, const char *const *candidates, gsize n);

G_END_DECLS
