/* The command table: name, function, one line of help. One file per command. */
#include "config.h"
int main (void);
int
main (void)
{
  return 2;
}
