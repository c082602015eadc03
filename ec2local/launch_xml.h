/* launch_xml - launch parameters written as the elements of a reply. */
#ifndef ASG_EC2LOCAL_LAUNCH_XML_H
#define ASG_EC2LOCAL_LAUNCH_XML_H

#include "base/arena.h"
#include "ec2local/model.h"
#include "query/xml_out.h"

/* Write those parameters whose element begins with `part` ("placement/"; "": all), with
 * the elements around them. */
void asg_launch_xml_write(const struct asg_world_tags *parameters, const char *part,
                          struct asg_arena *arena, struct asg_xml_out *out);

/* Value of a parameter by its name in requests; `otherwise` when it is not said. */
const char *asg_launch_xml_find(const struct asg_world_tags *parameters, const char *name,
                                const char *otherwise);

#endif
