#include "rpc/code.h"

const char *asg_rpc_code_name(enum asg_rpc_code code)
{
    switch (code) {
#define X(name, number)                                                                  \
    case ASG_RPC_##name: return #name;
        ASG_RPC_CODE_LIST(X)
#undef X
    }
    return "UNKNOWN";
}
