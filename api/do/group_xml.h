/* group_xml - groups and instances as the API shows them, rendered once and kept with the
 * page of the view that they are of (view/view.h).
 * Threads: any. Blocks: never. */
#ifndef ASG_API_DO_GROUP_XML_H
#define ASG_API_DO_GROUP_XML_H

#include "api/call.h"
#include "query/write.h"
#include "view/view.h"

/* A group as an <member>, but for its instances, which belong where the second part
 * begins. */
const struct asg_rendered *asg_group_xml_sheet(struct asg_api_call *call,
                                               const struct asg_page *page);

/* The leaf's instances as <member>s of a group's Instances; those that no longer belong
 * there, or do not yet, are left out, so it may be empty. */
const struct asg_rendered *asg_group_xml_leaf(const struct asg_page *page,
                                              const struct asg_leaf *leaf);

/* One instance, members of the structure that the writer has begun: of Instances, or of
 * AutoScalingInstances (is_detail), which says its group and shouts its health. */
void asg_group_xml_instance(struct asg_writer *writer, const struct asg_page *page,
                            const struct asg_instance_view *row, bool is_detail);

/* EC2 knows it, and the group has it or is about to have it: of the group's Instances, or
 * its warm pool's. */
bool asg_group_xml_is_member(const struct asg_instance_view *row);
bool asg_group_xml_is_warmed(const struct asg_instance_view *row);

#endif
