#include "aws/error_class.h"

#include <stdlib.h>
#include <string.h>

/* EC2 "Error codes for the Amazon EC2 API"; classes as docs/rules.md, "EC2's error codes"
 * has them. In byte order, for the search. */
const struct asg_error_code asg_error_codes[] = {
    {"AccessDenied", ASG_ERROR_CLASS_PERMISSION},
    {"AccessDeniedException", ASG_ERROR_CLASS_PERMISSION},
    {"AccountDisabled", ASG_ERROR_CLASS_PERMISSION},
    {"AuthFailure", ASG_ERROR_CLASS_CREDENTIALS},
    {"AuthFailure.ServiceLinkedRoleCreationNotPermitted", ASG_ERROR_CLASS_PERMISSION},
    {"BandwidthLimitExceeded", ASG_ERROR_CLASS_THROTTLE},
    {"Blocked", ASG_ERROR_CLASS_PERMISSION},
    {"ConcurrentTagAccess", ASG_ERROR_CLASS_STATE_CONFLICT},
    {"CreditSpecificationUpdateInProgress", ASG_ERROR_CLASS_STATE_CONFLICT},
    {"DependencyViolation", ASG_ERROR_CLASS_STATE_CONFLICT},
    {"DryRunOperation", ASG_ERROR_CLASS_DRY_RUN},
    {"EC2ThrottledException", ASG_ERROR_CLASS_THROTTLE},
    {"ExpiredToken", ASG_ERROR_CLASS_CREDENTIALS},
    {"ExpiredTokenException", ASG_ERROR_CLASS_CREDENTIALS},
    {"FilterLimitExceeded", ASG_ERROR_CLASS_SPLIT},
    {"HostLimitExceeded", ASG_ERROR_CLASS_QUOTA},
    {"IDPCommunicationError", ASG_ERROR_CLASS_TRANSIENT}, /* of STS */
    {"IdempotentInstanceTerminated", ASG_ERROR_CLASS_IDEMPOTENCY},
    {"IdempotentParameterMismatch", ASG_ERROR_CLASS_IDEMPOTENCY},
    {"IncompleteSignature", ASG_ERROR_CLASS_CREDENTIALS},
    {"IncorrectInstanceState", ASG_ERROR_CLASS_STATE_CONFLICT},
    {"IncorrectState", ASG_ERROR_CLASS_STATE_CONFLICT},
    {"InstanceLimitExceeded", ASG_ERROR_CLASS_QUOTA},
    {"InsufficientCapacity", ASG_ERROR_CLASS_CAPACITY},
    {"InsufficientCapacityOnHost", ASG_ERROR_CLASS_CAPACITY},
    {"InsufficientFreeAddressesInSubnet", ASG_ERROR_CLASS_CAPACITY},
    {"InsufficientHostCapacity", ASG_ERROR_CLASS_CAPACITY},
    {"InsufficientInstanceCapacity", ASG_ERROR_CLASS_CAPACITY},
    {"InsufficientReservedInstanceCapacity", ASG_ERROR_CLASS_CAPACITY},
    {"InsufficientVolumeCapacity", ASG_ERROR_CLASS_CAPACITY},
    {"InternalError", ASG_ERROR_CLASS_TRANSIENT},
    {"InternalFailure", ASG_ERROR_CLASS_TRANSIENT},
    {"InvalidAMIID.Malformed", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidAMIID.NotFound", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidAMIID.Unavailable", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidAction", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidBlockDeviceMapping", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidClientToken", ASG_ERROR_CLASS_IDEMPOTENCY},
    {"InvalidClientTokenId", ASG_ERROR_CLASS_CREDENTIALS},
    {"InvalidFilter", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidFleetConfig", ASG_ERROR_CLASS_BAD_REQUEST},
    /* "Your requested instance type is not supported in your requested zone" */
    {"InvalidFleetConfiguration", ASG_ERROR_CLASS_CAPACITY},
    {"InvalidGroup.NotFound", ASG_ERROR_CLASS_NOT_FOUND},
    {"InvalidID", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidInstanceID.Malformed", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidInstanceID.NotFound", ASG_ERROR_CLASS_NOT_FOUND},
    {"InvalidInstanceID.NotLinkable", ASG_ERROR_CLASS_NOT_FOUND},
    {"InvalidInstanceState", ASG_ERROR_CLASS_STATE_CONFLICT},
    {"InvalidInstanceType", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidKeyPair.NotFound", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidLaunchTemplateId.Malformed", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidLaunchTemplateId.NotFound", ASG_ERROR_CLASS_NOT_FOUND},
    {"InvalidLaunchTemplateId.VersionNotFound", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidLaunchTemplateName.AlreadyExistsException", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidLaunchTemplateName.MalformedException", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidLaunchTemplateName.NotFoundException", ASG_ERROR_CLASS_NOT_FOUND},
    {"InvalidNextToken", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidPaginationToken", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidParameter", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidParameterCombination", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidParameterDependency", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidParameterValue", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidSecurityGroupID.NotFound", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidSubnet", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidSubnetID.NotFound", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidTagKey.Malformed", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidTargetCapacitySpecification", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidUserData.Malformed", ASG_ERROR_CLASS_BAD_REQUEST},
    {"InvalidZone.NotFound", ASG_ERROR_CLASS_BAD_REQUEST},
    {"MalformedQueryString", ASG_ERROR_CLASS_BAD_REQUEST},
    {"MaxFleetCountExceeded", ASG_ERROR_CLASS_QUOTA},
    {"MaxIOPSLimitExceeded", ASG_ERROR_CLASS_QUOTA},
    {"MaxSpotFleetRequestCountExceeded", ASG_ERROR_CLASS_QUOTA},
    {"MaxSpotInstanceCountExceeded", ASG_ERROR_CLASS_QUOTA},
    {"MissingAction", ASG_ERROR_CLASS_BAD_REQUEST},
    {"MissingAuthenticationToken", ASG_ERROR_CLASS_CREDENTIALS},
    {"MissingParameter", ASG_ERROR_CLASS_BAD_REQUEST},
    {"NetworkInterfaceLimitExceeded", ASG_ERROR_CLASS_QUOTA},
    {"NoSuchVersion", ASG_ERROR_CLASS_BAD_REQUEST},
    {"OperationNotPermitted", ASG_ERROR_CLASS_PROTECTED},
    {"OptInRequired", ASG_ERROR_CLASS_PERMISSION},
    {"PendingVerification", ASG_ERROR_CLASS_PERMISSION},
    {"PriorRequestNotComplete", ASG_ERROR_CLASS_THROTTLE},
    {"RequestExpired", ASG_ERROR_CLASS_CLOCK},
    {"RequestLimitExceeded", ASG_ERROR_CLASS_THROTTLE},
    {"RequestResourceCountExceeded", ASG_ERROR_CLASS_SPLIT},
    {"RequestThrottled", ASG_ERROR_CLASS_THROTTLE},
    {"RequestThrottledException", ASG_ERROR_CLASS_THROTTLE},
    {"RequestTimeTooSkewed", ASG_ERROR_CLASS_CLOCK},
    {"RequestTimeout", ASG_ERROR_CLASS_TRANSIENT},
    {"RequestTimeoutException", ASG_ERROR_CLASS_TRANSIENT},
    {"ReservationCapacityExceeded", ASG_ERROR_CLASS_CAPACITY},
    {"ResourceCountExceeded", ASG_ERROR_CLASS_SPLIT},
    {"ResourceLimitExceeded", ASG_ERROR_CLASS_QUOTA},
    {"RetryableError", ASG_ERROR_CLASS_TRANSIENT},
    {"ServerInternal", ASG_ERROR_CLASS_TRANSIENT},
    {"ServiceUnavailable", ASG_ERROR_CLASS_TRANSIENT},
    {"SignatureDoesNotMatch", ASG_ERROR_CLASS_CLOCK},
    {"SlowDown", ASG_ERROR_CLASS_THROTTLE},
    {"SpotMaxPriceTooLow", ASG_ERROR_CLASS_CAPACITY},
    {"TagPolicyViolation", ASG_ERROR_CLASS_PERMISSION},
    {"ThrottledException", ASG_ERROR_CLASS_THROTTLE},
    {"Throttling", ASG_ERROR_CLASS_THROTTLE},
    {"ThrottlingException", ASG_ERROR_CLASS_THROTTLE},
    {"TooManyRequestsException", ASG_ERROR_CLASS_THROTTLE},
    {"UnauthorizedOperation", ASG_ERROR_CLASS_PERMISSION},
    {"Unavailable", ASG_ERROR_CLASS_TRANSIENT},
    {"UnfulfillableCapacity", ASG_ERROR_CLASS_CAPACITY},
    {"UnknownParameter", ASG_ERROR_CLASS_BAD_REQUEST},
    {"UnrecognizedClientException", ASG_ERROR_CLASS_CREDENTIALS},
    {"Unsupported", ASG_ERROR_CLASS_CAPACITY},
    {"UnsupportedOperation", ASG_ERROR_CLASS_PROTECTED},
    {"ValidationError", ASG_ERROR_CLASS_BAD_REQUEST},
    {"VcpuLimitExceeded", ASG_ERROR_CLASS_QUOTA},
    {"VolumeLimitExceeded", ASG_ERROR_CLASS_QUOTA},
    {"VolumeTypeNotAvailableInZone", ASG_ERROR_CLASS_CAPACITY},
};
const size_t asg_error_code_count = sizeof asg_error_codes / sizeof asg_error_codes[0];

static const struct {
    const char *word;
    bool is_repeated;
    bool is_definite;
} classes[] = {
#define X(name, word, is_repeated, is_definite) {word, is_repeated, is_definite},
    ASG_ERROR_CLASS_LIST(X)
#undef X
};

const char *asg_error_class_word(enum asg_error_class class)
{
    return (size_t) class < ASG_ERROR_CLASS_COUNT ? classes[class].word : "unknown";
}

bool asg_error_class_is_repeated(enum asg_error_class class)
{
    return (size_t) class < ASG_ERROR_CLASS_COUNT && classes[class].is_repeated;
}

bool asg_error_class_is_definite(enum asg_error_class class)
{
    return (size_t) class < ASG_ERROR_CLASS_COUNT && classes[class].is_definite;
}

static int compare_code(const void *code, const void *row)
{
    return strcmp(code, ((const struct asg_error_code *)row)->code);
}

enum asg_error_class asg_error_classify(const char *code, const char *message,
                                        uint32_t http_status)
{
    if (code != NULL && code[0] != '\0') {
        /* A profile made a moment ago is not known everywhere yet. */
        if (strcmp(code, "InvalidParameterValue") == 0 && message != NULL &&
            strstr(message, "Invalid IAM Instance Profile") != NULL) {
            return ASG_ERROR_CLASS_NOT_FOUND;
        }
        const struct asg_error_code *row =
            bsearch(code, asg_error_codes, asg_error_code_count,
                    sizeof asg_error_codes[0], compare_code);
        if (row != NULL) return row->class;
    }
    if (http_status == 429) return ASG_ERROR_CLASS_THROTTLE;
    if (http_status >= 300 && http_status < 500) return ASG_ERROR_CLASS_UNLISTED;
    return ASG_ERROR_CLASS_TRANSIENT;
}
