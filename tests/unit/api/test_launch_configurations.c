/* Launch configurations: what RunInstances will be asked for, and what is shown. */
#include "lib/api_play.h"

#include "api/kept.h"
#include "model/launch_fields.h"

#define CREATE "Action=CreateLaunchConfiguration&LaunchConfigurationName=lc&"
#define BOTH   "ImageId=ami-1&InstanceType=t3.micro&"

static const struct asg_launch_configuration *made(void)
{
    assert_int_equal(1, play.order_count);
    assert_int_equal(ASG_COMMAND_LAUNCH_CONFIGURATION_PUT, play.order.kind);
    return play.order.launch_configuration;
}

static const char *parameter(const char *name)
{
    return asg_launch_parameter_find(made()->parameters, made()->parameter_count, name);
}

static const char *kept(const char *path)
{
    return asg_kept_find(made()->kept, made()->kept_count, path);
}

static void test_members_become_parameters_of_the_launch(void **state)
{
    (void)state;
    play_ask(CREATE BOTH
             "KeyName=key&SecurityGroups.member.1=sg-1&SecurityGroups.member.2=web&"
             "BlockDeviceMappings.member.1.DeviceName=/dev/xvda&"
             "BlockDeviceMappings.member.1.Ebs.VolumeSize=20&"
             "BlockDeviceMappings.member.1.Ebs.VolumeType=gp3&"
             "BlockDeviceMappings.member.1.Ebs.DeleteOnTermination=True&"
             "BlockDeviceMappings.member.2.DeviceName=/dev/sdb&"
             "BlockDeviceMappings.member.2.NoDevice=true&"
             "IamInstanceProfile=role&SpotPrice=0.05&PlacementTenancy=dedicated&"
             "InstanceMonitoring.Enabled=false&MetadataOptions.HttpTokens=required");
    play_expect("HTTP/1.1 200");
    assert_string_equal("lc", made()->name);
    assert_int_equal(ASG_UUID_LENGTH, strlen(made()->uuid));
    assert_true(made()->created_ms > 0);
    static const char *const rows[][2] = {
        {"ImageId", "ami-1"},
        {"InstanceType", "t3.micro"},
        {"KeyName", "key"},
        {"SecurityGroupId.1", "sg-1"},
        {"SecurityGroup.2", "web"},
        {"BlockDeviceMapping.1.DeviceName", "/dev/xvda"},
        {"BlockDeviceMapping.1.Ebs.VolumeSize", "20"},
        {"BlockDeviceMapping.1.Ebs.VolumeType", "gp3"},
        {"BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true"},
        {"BlockDeviceMapping.2.NoDevice", ""},
        {"IamInstanceProfile.Name", "role"},
        {"InstanceMarketOptions.MarketType", "spot"},
        {"InstanceMarketOptions.SpotOptions.MaxPrice", "0.05"},
        {"Placement.Tenancy", "dedicated"},
        {"Monitoring.Enabled", "false"},
        {"MetadataOptions.HttpTokens", "required"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_non_null(parameter(rows[i][0]));
        assert_string_equal(rows[i][1], parameter(rows[i][0]));
    }
    /* EC2 knows each of them, and takes its value. */
    for (size_t i = 0; i < made()->parameter_count; i++) {
        const struct asg_launch_field *field =
            asg_launch_field_of_query(made()->parameters[i].name, NULL);
        assert_non_null(field);
        assert_false(field->is_template_only);
        assert_true(asg_launch_value_fits(field, made()->parameters[i].value));
    }
    assert_string_equal("role", kept("IamInstanceProfile"));
    assert_string_equal("web", kept("SecurityGroups.member.2"));
}

static void test_a_public_address_needs_an_interface(void **state)
{
    (void)state;
    play_ask(CREATE BOTH "AssociatePublicIpAddress=false&SecurityGroups.member.1=sg-1&"
                         "IamInstanceProfile=arn:aws:iam::1:instance-profile/r");
    assert_string_equal("false",
                        parameter("NetworkInterface.1.AssociatePublicIpAddress"));
    assert_string_equal("0", parameter("NetworkInterface.1.DeviceIndex"));
    assert_string_equal("sg-1", parameter("NetworkInterface.1.SecurityGroupId.1"));
    assert_null(parameter("SecurityGroupId.1"));
    assert_string_equal("arn:aws:iam::1:instance-profile/r",
                        parameter("IamInstanceProfile.Arn"));
}

static void test_user_data_does_not_stand_in_the_order(void **state)
{
    (void)state;
    play_ask(CREATE BOTH "UserData=aGVsbG8%3D");
    assert_int_equal(64, strlen(made()->user_data_sha256));
    assert_int_equal(5, play.user_data_length);
    assert_memory_equal("hello", play.user_data, 5);
    assert_null(kept("UserData"));
    play_refused(CREATE BOTH "UserData=%3Cno%3E", "ValidationError",
                 "Invalid BASE64 encoding of user data");
}

static void test_it_needs_an_image_and_a_type_or_an_instance(void **state)
{
    (void)state;
    play_refused(
        CREATE "ImageId=ami-1", "ValidationError",
        "Valid requests must contain either the InstanceID parameter or both the "
        "ImageId and InstanceType parameters.");
}

static void test_it_is_like_an_instance_but_for_what_is_said(void **state)
{
    (void)state;
    static const char *groups[] = {"sg-1", "sg-2"};
    static struct asg_told_instance rows[] = {
        {.instance_id = "i-1",
         .instance_type = "m5.large",
         .zone = "eu-west-1a",
         .subnet_id = "subnet-1",
         .image_id = "ami-7",
         .key_name = "key",
         .security_group_ids = {groups, 2},
         .instance_profile = "arn:aws:iam::1:instance-profile/r",
         .kernel_id = "",
         .ramdisk_id = "",
         .tenancy = "default",
         .vpc_id = "",
         .private_ip = "",
         .is_monitored = true,
         .is_ebs_optimized = true}};
    static const struct asg_told instance = {.outcome = ASG_TOLD_FOUND,
                                             .code = "",
                                             .message = "",
                                             .instances = rows,
                                             .instance_count = 1};
    play.told[0] = &instance;
    play_ask(CREATE "InstanceId=i-1&InstanceType=c5.large");
    assert_string_equal("c5.large", parameter("InstanceType"));
    assert_string_equal("ami-7", parameter("ImageId"));
    assert_string_equal("key", parameter("KeyName"));
    assert_string_equal("sg-2", parameter("SecurityGroupId.2"));
    assert_string_equal("true", parameter("Monitoring.Enabled"));
    assert_string_equal("true", parameter("EbsOptimized"));
    assert_string_equal("arn:aws:iam::1:instance-profile/r",
                        parameter("IamInstanceProfile.Arn"));
    assert_string_equal("sg-1", kept("SecurityGroups.member.1"));
    assert_null(kept("PlacementTenancy"));
    static const struct asg_told gone = {.outcome = ASG_TOLD_REFUSED,
                                         .code = "InvalidInstanceID.NotFound",
                                         .message = "The instance ID 'i-9' does not "
                                                    "exist"};
    play.told[0] = &gone;
    play_refused(CREATE "InstanceId=i-9", "ValidationError", "does not exist");
}

/* ---- describing ---- */

static void test_they_are_described_with_what_tools_read_unchecked(void **state)
{
    (void)state;
    play_ask(CREATE BOTH "UserData=aGVsbG8%3D&SecurityGroups.member.1=sg-1");
    const struct asg_launch_configuration one = *made();
    play_put_configurations(&one, 1);
    play_ask("Action=DescribeLaunchConfigurations");
    play_expect("HTTP/1.1 200");
    play_expect("<LaunchConfigurationName>lc</LaunchConfigurationName>");
    char part[200];
    (void)snprintf(part, sizeof part,
                   "<LaunchConfigurationARN>arn:aws:autoscaling:eu-west-1:123456789012:"
                   "launchConfiguration:%s:launchConfigurationName/lc<",
                   one.uuid);
    play_expect(part);
    play_expect("<UserData>aGVsbG8=</UserData>");
    play_expect("<ImageId>ami-1</ImageId><InstanceType>t3.micro</InstanceType>");
    play_expect("<KeyName/>");
    play_expect("<KernelId/><RamdiskId/>");
    play_expect("<ClassicLinkVPCSecurityGroups/>");
    play_expect("<SecurityGroups><member>sg-1</member></SecurityGroups>");
    play_expect("<BlockDeviceMappings></BlockDeviceMappings>");
    play_expect("<InstanceMonitoring><Enabled>true</Enabled></InstanceMonitoring>");
    play_expect("<EbsOptimized>false</EbsOptimized>");
    play_expect_not("SpotPrice");
    play_ask("Action=DescribeLaunchConfigurations&LaunchConfigurationNames.member.1=x");
    play_expect("<LaunchConfigurations></LaunchConfigurations>");
}

static void test_user_data_that_is_lost_is_said(void **state)
{
    (void)state;
    const struct asg_launch_configuration one = {
        .name = "lc", .uuid = "u", .user_data_sha256 = "b"};
    play_put_configurations(&one, 1);
    play_ask("Action=DescribeLaunchConfigurations");
    play_expect("HTTP/1.1 500");
    play_expect("it is gone");
}

static void test_they_come_in_pages(void **state)
{
    (void)state;
    play_ask(CREATE BOTH);
    struct asg_launch_configuration three[3] = {*made(), *made(), *made()};
    three[0].name = "a";
    three[1].name = "b";
    three[2].name = "c";
    play_put_configurations(three, 3);
    play_ask("Action=DescribeLaunchConfigurations&MaxRecords=2");
    play_expect("<LaunchConfigurationName>b<");
    play_expect_not("<LaunchConfigurationName>c<");
    const char *token = strstr(play.answer, "<NextToken>");
    assert_non_null(token);
    char form[300];
    (void)snprintf(form, sizeof form,
                   "Action=DescribeLaunchConfigurations&NextToken=%.*s",
                   (int)strcspn(token + 11, "<"), token + 11);
    play_ask(form);
    play_expect("<LaunchConfigurationName>c<");
    play_expect_not("<LaunchConfigurationName>b<");
    play_expect_not("NextToken");
}

static void test_one_is_deleted(void **state)
{
    (void)state;
    play_ask("Action=DeleteLaunchConfiguration&LaunchConfigurationName=lc");
    assert_int_equal(ASG_COMMAND_LAUNCH_CONFIGURATION_DELETE, play.order.kind);
    assert_string_equal("lc", play.order.name);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)
    const struct CMUnitTest tests[] = {
        TEST(test_members_become_parameters_of_the_launch),
        TEST(test_a_public_address_needs_an_interface),
        TEST(test_user_data_does_not_stand_in_the_order),
        TEST(test_it_needs_an_image_and_a_type_or_an_instance),
        TEST(test_it_is_like_an_instance_but_for_what_is_said),
        TEST(test_they_are_described_with_what_tools_read_unchecked),
        TEST(test_user_data_that_is_lost_is_said),
        TEST(test_they_come_in_pages),
        TEST(test_one_is_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
