/* do - the handlers of the actions, each in the file of its topic; actions.c gives each
 * its action. A handler is called with checked parameters and ends its call once
 * (call.h).
 */
#ifndef ASG_API_DO_DO_H
#define ASG_API_DO_DO_H

#include "api/call.h"

#endif
