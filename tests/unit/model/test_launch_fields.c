/* The table of launch parameters: how names are found, what values fit, what is refused.
 */
#include "lib/check.h"

#include "model/launch_fields.h"

static void test_a_parameter_is_found_by_each_of_its_names(void **state)
{
    (void)state;
    unsigned numbers[ASG_LAUNCH_LISTS_MAX] = {0};
    const struct asg_launch_field *field = asg_launch_field_of_query(
        "NetworkInterface.2.PrivateIpAddresses.13.Primary", numbers);
    assert_non_null(field);
    assert_string_equal("NetworkInterfaces.#.PrivateIpAddresses.#.Primary", field->name);
    assert_int_equal(2, numbers[0]);
    assert_int_equal(13, numbers[1]);
    assert_ptr_equal(
        field, asg_launch_field_of_xml(
                   "networkInterfaceSet/7/privateIpAddressesSet/8/primary", numbers));
    assert_int_equal(7, numbers[0]);
    assert_int_equal(8, numbers[1]);
    assert_ptr_equal(field, asg_launch_field_of_name(field->name));
    char text[ASG_LAUNCH_NAME_MAX];
    assert_true(asg_launch_fill(field->query, numbers, text, sizeof text));
    assert_string_equal("NetworkInterface.7.PrivateIpAddresses.8.Primary", text);
    assert_false(asg_launch_fill(field->query, numbers, text, 20));
}

static void test_what_is_nearly_a_parameter_is_none(void **state)
{
    (void)state;
    const char *const names[] = {"",
                                 "EbsOptimize",
                                 "EbsOptimizedX",
                                 "BlockDeviceMapping.DeviceName",
                                 "BlockDeviceMapping..DeviceName",
                                 "BlockDeviceMapping.0.DeviceName",
                                 "BlockDeviceMapping.01.DeviceName",
                                 "BlockDeviceMapping.1000.DeviceName",
                                 "BlockDeviceMapping.1",
                                 "BlockDeviceMapping.#.DeviceName",
                                 "SecurityGroupId.1.2",
                                 "MinCount"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (asg_launch_field_of_query(names[i], NULL) != NULL) fail_msg("%s", names[i]);
    }
    assert_true(asg_launch_name_begins("BlockDeviceMappings.#.Ebs"));
    assert_false(asg_launch_name_begins("BlockDeviceMappings.#.Ebs.VolumeSize"));
    assert_false(asg_launch_name_begins("BlockDevice"));
}

static void test_names_are_there_once_and_short_enough(void **state)
{
    (void)state;
    const unsigned numbers[ASG_LAUNCH_LISTS_MAX] = {999, 999, 999};
    char text[ASG_LAUNCH_NAME_MAX];
    for (size_t i = 0; i < asg_launch_field_count; i++) {
        const struct asg_launch_field *field = &asg_launch_fields[i];
        assert_ptr_equal(field, asg_launch_field_of_name(field->name));
        assert_true(asg_launch_fill(field->xml, numbers, text, sizeof text));
        assert_ptr_equal(field, asg_launch_field_of_xml(text, NULL));
        assert_true(asg_launch_fill(field->query, numbers, text, sizeof text));
        assert_ptr_equal(field, asg_launch_field_of_query(text, NULL));
        /* ec2local's launch_xml looks at this letter first. */
        assert_int_equal(field->query[0] | 0x20, field->xml[0]);
    }
}

static bool fits(const char *name, const char *value)
{
    return asg_launch_value_fits(asg_launch_field_of_name(name), value);
}

static void test_values_fit_the_kind_of_their_field(void **state)
{
    (void)state;
    assert_true(fits("EbsOptimized", "true"));
    assert_true(fits("EbsOptimized", "false"));
    assert_false(fits("EbsOptimized", "True"));
    assert_false(fits("EbsOptimized", ""));
    assert_true(fits("BlockDeviceMappings.#.Ebs.Iops", "16000"));
    assert_false(fits("BlockDeviceMappings.#.Ebs.Iops", "16k"));
    assert_false(fits("BlockDeviceMappings.#.Ebs.Iops", "1.5"));
    assert_false(fits("BlockDeviceMappings.#.Ebs.Iops", "-"));
    assert_true(fits("InstanceRequirements.MemoryGiBPerVCpu.Min", "1.5"));
    assert_false(fits("InstanceRequirements.MemoryGiBPerVCpu.Min", "1."));
    assert_true(fits("MetadataOptions.HttpTokens", "required"));
    assert_false(fits("MetadataOptions.HttpTokens", "require"));
    assert_false(fits("MetadataOptions.HttpTokens", "optional|required"));
    assert_true(fits("BlockDeviceMappings.#.NoDevice", ""));
}

static void refuse(const char *name, const char *value, enum asg_launch_owner owner,
                   const char *words)
{
    const struct asg_launch_parameter parameter = {name, value};
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID,
                  asg_launch_parameters_check(&parameter, 1, owner, &error));
    if (strstr(error.text, words) == NULL) fail_msg("%s", error.text);
}

static void test_what_openasg_says_itself_is_refused(void **state)
{
    (void)state;
    struct asg_error error = {""};
    const struct asg_launch_parameter good[] = {
        {"InstanceMarketOptions.MarketType", "spot"},
        {"TagSpecification.1.ResourceType", "volume"},
        {"NetworkInterface.1.DeviceIndex", "0"}};
    assert_status(ASG_OK,
                  asg_launch_parameters_check(good, 3, ASG_LAUNCH_OF_GROUP, &error));
    assert_string_equal(
        "spot", asg_launch_parameter_find(good, 3, "InstanceMarketOptions.MarketType"));
    assert_null(asg_launch_parameter_find(good, 3, "MarketType"));
    refuse("InstanceType", "t3.nano", ASG_LAUNCH_OF_GROUP, "instance types");
    refuse("UserData", "eA==", ASG_LAUNCH_OF_GROUP, "the agent's line");
    refuse("UserData", "eA==", ASG_LAUNCH_OF_TEMPLATE, "beside the template");
    refuse("NetworkInterface.2.SubnetId", "subnet-1", ASG_LAUNCH_OF_GROUP, "zones");
    refuse("Placement.AvailabilityZone", "us-east-1a", ASG_LAUNCH_OF_GROUP, "zones");
    refuse("TagSpecification.3.ResourceType", "instance", ASG_LAUNCH_OF_GROUP, "tags");
    refuse("InstanceRequirements.VCpuCount.Min", "2", ASG_LAUNCH_OF_GROUP,
           "RunInstances");
    refuse("UserData", "eA==", ASG_LAUNCH_OF_CONFIGURATION,
           "beside the launch configuration");
    refuse("NetworkInterface.1.SubnetId", "subnet-1", ASG_LAUNCH_OF_CONFIGURATION,
           "zones");
    refuse("RamDiskId", "ari-1", ASG_LAUNCH_OF_GROUP, "RunInstances");
    refuse("VolumeSize", "2", ASG_LAUNCH_OF_TEMPLATE, "no parameter");
    refuse("EbsOptimized", "yes", ASG_LAUNCH_OF_TEMPLATE, "not a value");
    const struct asg_launch_parameter whole[] = {
        {"ImageId", "ami-1"}, {"InstanceType", "t3.nano"}, {"RamDiskId", "ari-1"}};
    assert_status(ASG_OK, asg_launch_parameters_check(
                              whole, 3, ASG_LAUNCH_OF_CONFIGURATION, &error));
    const struct asg_launch_parameter twice[] = {{"KernelId", "a"}, {"KernelId", "b"}};
    assert_status(ASG_ERR_INVALID,
                  asg_launch_parameters_check(twice, 2, ASG_LAUNCH_OF_TEMPLATE, &error));
    assert_non_null(strstr(error.text, "twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_parameter_is_found_by_each_of_its_names),
        cmocka_unit_test(test_what_is_nearly_a_parameter_is_none),
        cmocka_unit_test(test_names_are_there_once_and_short_enough),
        cmocka_unit_test(test_values_fit_the_kind_of_their_field),
        cmocka_unit_test(test_what_openasg_says_itself_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
