/* ec2_shapes - the parameters of each action, as tables: kinds, limits, what is required.
 *
 * Every call is read and checked by its table before its handler sees it. What a launch
 * takes (RunInstances, LaunchTemplateData) has a table of its own,
 * model/launch_fields.def; the parameters of EC2 that stand in neither are passed over
 * (ec2_unused.c), and what is no parameter of EC2 is refused.
 * Threads: constant.
 */
#ifndef ASG_EC2LOCAL_EC2_SHAPES_H
#define ASG_EC2LOCAL_EC2_SHAPES_H

#include "query/shape.h"

#define ASG_EC2_SHAPE_LIST(X)                                                            \
    X(run_instances)                                                                     \
    X(create_fleet)                                                                      \
    X(describe_instances)                                                                \
    X(describe_instance_status)                                                          \
    X(name_instances) /* Terminate-, Stop-, Start-, RebootInstances */                   \
    X(modify_instance_attribute)                                                         \
    X(describe_instance_attribute)                                                       \
    X(change_tags) /* Create-, DeleteTags */                                             \
    X(describe_tags)                                                                     \
    X(create_launch_template)                                                            \
    X(create_launch_template_version)                                                    \
    X(describe_launch_templates)                                                         \
    X(describe_launch_template_versions)                                                 \
    X(modify_launch_template)                                                            \
    X(delete_launch_template)                                                            \
    X(describe_subnets)                                                                  \
    X(describe_vpcs)                                                                     \
    X(describe_availability_zones)                                                       \
    X(describe_images)                                                                   \
    X(describe_instance_types)                                                           \
    X(describe_regions)                                                                  \
    X(create_vpc)                                                                        \
    X(name_vpc) /* DeleteVpc */                                                          \
    X(modify_vpc_attribute)                                                              \
    X(describe_vpc_attribute)                                                            \
    X(create_subnet)                                                                     \
    X(name_subnet) /* DeleteSubnet */                                                    \
    X(modify_subnet_attribute)                                                           \
    X(create_security_group)                                                             \
    X(name_group) /* DeleteSecurityGroup */                                              \
    X(describe_security_groups)                                                          \
    X(describe_security_group_rules)                                                     \
    X(change_rules) /* Authorize-, RevokeSecurityGroupIngress, -Egress */                \
    X(create_key_pair)                                                                   \
    X(import_key_pair)                                                                   \
    X(delete_key_pair)                                                                   \
    X(describe_key_pairs)                                                                \
    X(describe_addresses)                                                                \
    X(get_caller_identity)

#define X(name) extern const struct asg_query_shape asg_ec2_shape_##name;
ASG_EC2_SHAPE_LIST(X)
#undef X

/* Names that EC2 takes in a request of that action and nobody here reads, with those of
 * every request; closed by NULL. */
const char *const *asg_ec2_unused_of(const char *action);

#endif
