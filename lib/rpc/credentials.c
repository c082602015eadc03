#include "rpc/credentials.h"

/* Its prototypes say () where C wants (void). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <grpc/grpc_security.h>
#pragma GCC diagnostic pop

grpc_channel_credentials *asg_rpc_credentials_for_client(void)
{
    return grpc_insecure_credentials_create();
}

grpc_server_credentials *asg_rpc_credentials_for_server(void)
{
    return grpc_insecure_server_credentials_create();
}
