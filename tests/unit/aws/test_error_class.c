#include "lib/check.h"

#include <stdio.h>

#include "aws/error_class.h"

static void test_the_table_is_in_order_without_doubles(void **state)
{
    (void)state;
    assert_true(asg_error_code_count > 80);
    for (size_t i = 1; i < asg_error_code_count; i++) {
        assert_true(strcmp(asg_error_codes[i - 1].code, asg_error_codes[i].code) < 0);
    }
    for (size_t i = 0; i < asg_error_code_count; i++) {
        /* Whatever the HTTP status, the code decides. */
        assert_int_equal(asg_error_codes[i].class,
                         asg_error_classify(asg_error_codes[i].code, "", 500));
        assert_int_equal(asg_error_codes[i].class,
                         asg_error_classify(asg_error_codes[i].code, NULL, 400));
    }
}

static void test_capacity_codes_with_a_5xx_are_not_transient(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "InsufficientInstanceCapacity", "InsufficientHostCapacity",
        "InsufficientVolumeCapacity", "InsufficientReservedInstanceCapacity"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        enum asg_error_class class = asg_error_classify(codes[i], "", 503);
        assert_int_equal(ASG_ERROR_CLASS_CAPACITY, class);
        assert_false(asg_error_class_is_repeated(class));
    }
    assert_int_equal(ASG_ERROR_CLASS_THROTTLE,
                     asg_error_classify("RequestLimitExceeded", "", 503));
}

static void test_without_a_known_code_the_http_status_decides(void **state)
{
    (void)state;
    const struct {
        const char *code;
        uint32_t http_status;
        enum asg_error_class class;
    } cases[] = {
        {NULL, 500, ASG_ERROR_CLASS_TRANSIENT},  {"", 503, ASG_ERROR_CLASS_TRANSIENT},
        {"New", 502, ASG_ERROR_CLASS_TRANSIENT}, {"New", 400, ASG_ERROR_CLASS_UNLISTED},
        {"", 403, ASG_ERROR_CLASS_UNLISTED},     {"", 429, ASG_ERROR_CLASS_THROTTLE},
        {"", 200, ASG_ERROR_CLASS_TRANSIENT},    {"", 302, ASG_ERROR_CLASS_UNLISTED},
        {"", 0, ASG_ERROR_CLASS_TRANSIENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(cases[i].class,
                         asg_error_classify(cases[i].code, "", cases[i].http_status));
    }
}

static void test_a_fresh_instance_profile_is_not_known_yet(void **state)
{
    (void)state;
    assert_int_equal(ASG_ERROR_CLASS_NOT_FOUND,
                     asg_error_classify("InvalidParameterValue",
                                        "Value (web) for parameter x. Invalid IAM "
                                        "Instance Profile name",
                                        400));
    assert_int_equal(ASG_ERROR_CLASS_BAD_REQUEST,
                     asg_error_classify("InvalidParameterValue", "other", 400));
}

static void test_only_transient_leaves_a_doubt(void **state)
{
    (void)state;
    for (int class = 0; class < ASG_ERROR_CLASS_COUNT; class ++) {
        assert_int_equal(class != ASG_ERROR_CLASS_TRANSIENT,
                         asg_error_class_is_definite((enum asg_error_class) class));
        assert_int_equal(class == ASG_ERROR_CLASS_TRANSIENT ||
                             class == ASG_ERROR_CLASS_THROTTLE,
                         asg_error_class_is_repeated((enum asg_error_class) class));
        assert_true(strlen(asg_error_class_word((enum asg_error_class) class)) > 0);
    }
}

/* The table of docs/rules.md, "EC2's error codes", row by row: each code is of its class
 * with whatever HTTP status it comes. */
static void test_every_code_of_the_paper_is_of_its_class(void **state)
{
    (void)state;
    static const struct {
        enum asg_error_class class;
        const char *codes; /* with a blank after each */
    } rows[] = {
        {ASG_ERROR_CLASS_THROTTLE,
         "RequestLimitExceeded Throttling ThrottlingException "
         "ThrottledException RequestThrottled RequestThrottledException "
         "TooManyRequestsException SlowDown EC2ThrottledException "
         "BandwidthLimitExceeded PriorRequestNotComplete "},
        {ASG_ERROR_CLASS_TRANSIENT,
         "InternalError InternalFailure ServerInternal ServiceUnavailable "
         "Unavailable RequestTimeout RequestTimeoutException RetryableError "},
        {ASG_ERROR_CLASS_CAPACITY,
         "InsufficientInstanceCapacity InsufficientHostCapacity "
         "InsufficientCapacityOnHost InsufficientReservedInstanceCapacity "
         "ReservationCapacityExceeded UnfulfillableCapacity "
         "InsufficientVolumeCapacity InsufficientFreeAddressesInSubnet "
         "SpotMaxPriceTooLow Unsupported VolumeTypeNotAvailableInZone "},
        {ASG_ERROR_CLASS_QUOTA,
         "InstanceLimitExceeded VcpuLimitExceeded "
         "MaxSpotInstanceCountExceeded MaxSpotFleetRequestCountExceeded "
         "VolumeLimitExceeded MaxIOPSLimitExceeded "
         "NetworkInterfaceLimitExceeded ResourceLimitExceeded "
         "HostLimitExceeded "},
        {ASG_ERROR_CLASS_SPLIT, "ResourceCountExceeded RequestResourceCountExceeded "
                                "FilterLimitExceeded "},
        {ASG_ERROR_CLASS_NOT_FOUND,
         "InvalidInstanceID.NotFound InvalidInstanceID.NotLinkable "
         "InvalidGroup.NotFound InvalidLaunchTemplateId.NotFound "
         "InvalidLaunchTemplateName.NotFoundException "},
        {ASG_ERROR_CLASS_STATE_CONFLICT,
         "IncorrectInstanceState IncorrectState InvalidInstanceState "
         "ConcurrentTagAccess DependencyViolation "
         "CreditSpecificationUpdateInProgress "},
        {ASG_ERROR_CLASS_PROTECTED, "OperationNotPermitted UnsupportedOperation "},
        {ASG_ERROR_CLASS_IDEMPOTENCY,
         "IdempotentParameterMismatch IdempotentInstanceTerminated "
         "InvalidClientToken "},
        {ASG_ERROR_CLASS_CLOCK,
         "RequestExpired SignatureDoesNotMatch RequestTimeTooSkewed "},
        {ASG_ERROR_CLASS_CREDENTIALS, "InvalidClientTokenId MissingAuthenticationToken "
                                      "IncompleteSignature AuthFailure "},
        {ASG_ERROR_CLASS_PERMISSION,
         "UnauthorizedOperation "
         "AuthFailure.ServiceLinkedRoleCreationNotPermitted OptInRequired "
         "PendingVerification Blocked AccountDisabled TagPolicyViolation "},
        {ASG_ERROR_CLASS_BAD_REQUEST,
         "InvalidParameterValue InvalidParameter InvalidParameterCombination "
         "InvalidParameterDependency MissingParameter UnknownParameter "
         "ValidationError MalformedQueryString InvalidAction NoSuchVersion "
         "InvalidAMIID.Malformed InvalidAMIID.NotFound "
         "InvalidAMIID.Unavailable InvalidSubnetID.NotFound "
         "InvalidKeyPair.NotFound InvalidUserData.Malformed "
         "InvalidBlockDeviceMapping InvalidInstanceID.Malformed "
         "InvalidZone.NotFound InvalidPaginationToken "},
        {ASG_ERROR_CLASS_DRY_RUN, "DryRunOperation "},
    };
    static const uint32_t statuses[] = {0, 200, 301, 400, 403, 412, 429, 500, 503};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (const char *at = rows[i].codes; *at != '\0'; at = strchr(at, ' ') + 1) {
            char code[80];
            (void)snprintf(code, sizeof code, "%.*s", (int)strcspn(at, " "), at);
            for (size_t k = 0; k < sizeof statuses / sizeof statuses[0]; k++) {
                enum asg_error_class class = asg_error_classify(code, "", statuses[k]);
                if (class != rows[i].class) {
                    fail_msg("%s with %u is %s, not %s", code, statuses[k],
                             asg_error_class_word(class),
                             asg_error_class_word(rows[i].class));
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_is_in_order_without_doubles),
        cmocka_unit_test(test_capacity_codes_with_a_5xx_are_not_transient),
        cmocka_unit_test(test_without_a_known_code_the_http_status_decides),
        cmocka_unit_test(test_a_fresh_instance_profile_is_not_known_yet),
        cmocka_unit_test(test_every_code_of_the_paper_is_of_its_class),
        cmocka_unit_test(test_only_transient_leaves_a_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
