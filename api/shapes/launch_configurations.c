/* launch_configurations - the shapes of launch configurations; written by
 * write_tables.py. */
#include "api/shapes/shapes.h"

#include "api/shapes/table.h"

/* --- CreateLaunchConfiguration --- */

TABLE(shape_ebs, TEXT("SnapshotId", MAY, 1, 255), NUMBER("VolumeSize", MAY, 1, 16384),
      TEXT("VolumeType", MAY, 1, 255), FLAG("DeleteOnTermination", MAY),
      NUMBER("Iops", MAY, 100, 20000), FLAG("Encrypted", MAY),
      NUMBER("Throughput", MAY, 125, 1000));

TABLE(shape_block_device_mapping, TEXT("DeviceName", MUST, 1, 255),
      TEXT("VirtualName", MAY, 1, 255), STRUCT("Ebs", MAY, ebs), FLAG("NoDevice", MAY));

TABLE(shape_instance_monitoring, FLAG("Enabled", MAY));

TABLE(shape_instance_metadata_options, WORD("HttpTokens", MAY, "optional|required"),
      NUMBER("HttpPutResponseHopLimit", MAY, 1, 64),
      WORD("HttpEndpoint", MAY, "disabled|enabled"));

TABLE(input_create_launch_configuration, TEXT("LaunchConfigurationName", MUST, 1, 255),
      TEXT("ImageId", MAY, 1, 255), TEXT("KeyName", MAY, 1, 255),
      TEXTS("SecurityGroups", MAY, 0, 0, 0, 0), TEXT("ClassicLinkVPCId", MAY, 1, 255),
      TEXTS("ClassicLinkVPCSecurityGroups", MAY, 0, 0, 1, 255),
      TEXT("UserData", MAY, 0, 21847), TEXT("InstanceId", MAY, 1, 19),
      TEXT("InstanceType", MAY, 1, 255), TEXT("KernelId", MAY, 1, 255),
      TEXT("RamdiskId", MAY, 1, 255),
      LIST("BlockDeviceMappings", MAY, 0, 0, block_device_mapping),
      STRUCT("InstanceMonitoring", MAY, instance_monitoring),
      TEXT("SpotPrice", MAY, 1, 255), TEXT("IamInstanceProfile", MAY, 1, 1600),
      FLAG("EbsOptimized", MAY), FLAG("AssociatePublicIpAddress", MAY),
      TEXT("PlacementTenancy", MAY, 1, 64),
      STRUCT("MetadataOptions", MAY, instance_metadata_options));

/* --- DescribeLaunchConfigurations --- */

TABLE(input_describe_launch_configurations,
      TEXTS("LaunchConfigurationNames", MAY, 0, 50, 1, 1600),
      TEXT("NextToken", MAY, 0, 0), NUMBER("MaxRecords", MAY, 1, 100));

TABLE(shape_launch_configuration, TEXT("LaunchConfigurationName", MUST, 1, 255),
      TEXT("ImageId", MUST, 1, 255), TEXT("InstanceType", MUST, 1, 255),
      TIME("CreatedTime", MUST), TEXT("LaunchConfigurationARN", MAY, 1, 1600),
      TEXT("KeyName", MAY, 1, 255), TEXTS("SecurityGroups", MAY, 0, 0, 0, 0),
      TEXT("ClassicLinkVPCId", MAY, 1, 255),
      TEXTS("ClassicLinkVPCSecurityGroups", MAY, 0, 0, 1, 255),
      TEXT("UserData", MAY, 0, 21847), TEXT("KernelId", MAY, 1, 255),
      TEXT("RamdiskId", MAY, 1, 255),
      LIST("BlockDeviceMappings", MAY, 0, 0, block_device_mapping),
      STRUCT("InstanceMonitoring", MAY, instance_monitoring),
      TEXT("SpotPrice", MAY, 1, 255), TEXT("IamInstanceProfile", MAY, 1, 1600),
      FLAG("EbsOptimized", MAY), FLAG("AssociatePublicIpAddress", MAY),
      TEXT("PlacementTenancy", MAY, 1, 64),
      STRUCT("MetadataOptions", MAY, instance_metadata_options));

TABLE(output_describe_launch_configurations,
      LIST("LaunchConfigurations", MUST, 0, 0, launch_configuration),
      TEXT("NextToken", MAY, 0, 0));

/* --- DeleteLaunchConfiguration --- */

TABLE(input_delete_launch_configuration, TEXT("LaunchConfigurationName", MUST, 1, 255));
