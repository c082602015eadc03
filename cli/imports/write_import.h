/* write_import - an imported group as a document that `openasg apply` takes, what does
 * not come along as comments at its head. */
#ifndef ASG_CLI_IMPORTS_WRITE_IMPORT_H
#define ASG_CLI_IMPORTS_WRITE_IMPORT_H

#include "base/bytes.h"
#include "cli/imports/import_group.h"

/* Appends to *ret. */
void asg_write_import(const struct asg_imported *imported, const char *region,
                      struct asg_bytes *ret);

#endif
