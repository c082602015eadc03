/* xml_out - writes the answers: elements in order, texts escaped.
 *
 * Element names are ours and written as they are. Characters XML 1.0 cannot carry are
 * dropped. Threads: one owner at a time.
 */
#ifndef ASG_EC2LOCAL_XML_OUT_H
#define ASG_EC2LOCAL_XML_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

void asg_xml_out_begin(struct asg_bytes *out, const char *name);
void asg_xml_out_end(struct asg_bytes *out, const char *name);
/* A NULL text writes nothing, an empty one an empty element. */
void asg_xml_out_text(struct asg_bytes *out, const char *name, const char *text);
void asg_xml_out_number(struct asg_bytes *out, const char *name, int64_t number);
void asg_xml_out_flag(struct asg_bytes *out, const char *name, bool flag);
void asg_xml_out_time(struct asg_bytes *out, const char *name, int64_t wall_ms);

#endif
