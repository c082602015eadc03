/* ec2_actions - the list of all of them: what a client may be asked for. */
#include "aws/ec2_actions.h"

const struct asg_ec2_action *const asg_ec2_actions[] = {
    &asg_ec2_run_instances_action,
    &asg_ec2_describe_instances_action,
    &asg_ec2_describe_instance_status_action,
    &asg_ec2_terminate_instances_action,
    &asg_ec2_create_tags_action,
    &asg_ec2_create_launch_template_action,
    &asg_ec2_create_launch_template_version_action,
    &asg_ec2_describe_launch_templates_action,
    &asg_ec2_describe_launch_template_versions_action,
    &asg_ec2_describe_subnets_action,
    &asg_ec2_create_fleet_action, /* the fuzzer's corpus counts from the top */
    &asg_ec2_delete_launch_template_action,
    &asg_ec2_describe_whole_instances_action,
    &asg_ec2_describe_availability_zones_action,
    &asg_ec2_describe_images_action,
    &asg_ec2_delete_tags_action,
    NULL,
};
