/* audit_schema - the tables and views that `openasg log export --sqlite` writes.
 *
 * Names and meaning of columns are promised (docs/audit.md): new ones are appended, none
 * goes or changes its meaning without a new form in the table `about`. */
#ifndef ASG_CLI_LOG_AUDIT_SCHEMA_H
#define ASG_CLI_LOG_AUDIT_SCHEMA_H

#define ASG_AUDIT_FORM "1"

/* Texts of SQL, the last one NULL. */
extern const char *const asg_audit_schema[];

#endif
