/* balancers - the shapes of balancers, target groups and traffic sources; written by
 * write_tables.py. */
#include "api/shapes/shapes.h"

#include "api/shapes/table.h"

/* --- AttachLoadBalancers --- */

TABLE(input_attach_load_balancers, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("LoadBalancerNames", MUST, 0, 10, 1, 255));

EMPTY(output_attach_load_balancers);

/* --- DetachLoadBalancers --- */

TABLE(input_detach_load_balancers, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("LoadBalancerNames", MUST, 0, 10, 1, 255));

EMPTY(output_detach_load_balancers);

/* --- DescribeLoadBalancers --- */

TABLE(input_describe_load_balancers, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("NextToken", MAY, 0, 0), NUMBER("MaxRecords", MAY, 1, 100));

TABLE(shape_load_balancer_state, TEXT("LoadBalancerName", MAY, 1, 255),
      TEXT("State", MAY, 1, 255));

TABLE(output_describe_load_balancers,
      LIST("LoadBalancers", MAY, 0, 0, load_balancer_state),
      TEXT("NextToken", MAY, 0, 0));

/* --- AttachLoadBalancerTargetGroups --- */

TABLE(input_attach_load_balancer_target_groups,
      TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("TargetGroupARNs", MUST, 0, 10, 1, 511));

EMPTY(output_attach_load_balancer_target_groups);

/* --- DetachLoadBalancerTargetGroups --- */

TABLE(input_detach_load_balancer_target_groups,
      TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("TargetGroupARNs", MUST, 0, 10, 1, 511));

EMPTY(output_detach_load_balancer_target_groups);

/* --- DescribeLoadBalancerTargetGroups --- */

TABLE(input_describe_load_balancer_target_groups,
      TEXT("AutoScalingGroupName", MUST, 1, 255), TEXT("NextToken", MAY, 0, 0),
      NUMBER("MaxRecords", MAY, 1, 100));

TABLE(shape_load_balancer_target_group_state,
      TEXT("LoadBalancerTargetGroupARN", MAY, 1, 511), TEXT("State", MAY, 1, 255));

TABLE(output_describe_load_balancer_target_groups,
      LIST("LoadBalancerTargetGroups", MAY, 0, 0, load_balancer_target_group_state),
      TEXT("NextToken", MAY, 0, 0));

/* --- AttachTrafficSources --- */

TABLE(input_attach_traffic_sources, TEXT("AutoScalingGroupName", MUST, 1, 255),
      LIST("TrafficSources", MUST, 0, 10, traffic_source_identifier),
      FLAG("SkipZonalShiftValidation", MAY));

EMPTY(output_attach_traffic_sources);

/* --- DetachTrafficSources --- */

TABLE(input_detach_traffic_sources, TEXT("AutoScalingGroupName", MUST, 1, 255),
      LIST("TrafficSources", MUST, 0, 10, traffic_source_identifier));

EMPTY(output_detach_traffic_sources);

/* --- DescribeTrafficSources --- */

TABLE(input_describe_traffic_sources, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("TrafficSourceType", MAY, 1, 255), TEXT("NextToken", MAY, 0, 0),
      NUMBER("MaxRecords", MAY, 1, 50));

TABLE(shape_traffic_source_state, TEXT("TrafficSource", MAY, 1, 511),
      TEXT("State", MAY, 1, 255), TEXT("Identifier", MAY, 1, 511),
      TEXT("Type", MAY, 1, 511));

TABLE(output_describe_traffic_sources,
      LIST("TrafficSources", MAY, 0, 0, traffic_source_state),
      TEXT("NextToken", MAY, 0, 0));
