# Helpers that keep the build a list of rooms: asg_room, asg_test, options, libraries.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Asserts stay on in release: they guard against our own mistakes (style.md B2).
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")

option(ASG_SANITIZE "address and undefined-behaviour sanitizers" OFF)
option(ASG_THREAD_SANITIZE "thread sanitizer" OFF)
option(ASG_TESTS "build tests and benchmarks too" ON)
option(ASG_FUZZ "build the libFuzzer targets (clang only)" OFF)

add_compile_definitions(_GNU_SOURCE ASG_VERSION="${PROJECT_VERSION}")
# What openasg_build_info says: the commit, or what a packager gives with -DASG_REVISION.
set(ASG_REVISION "" CACHE STRING "revision of the source; empty: git's commit")
set(revision "${ASG_REVISION}")
if(revision STREQUAL "" AND EXISTS ${CMAKE_SOURCE_DIR}/.git)
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(EXISTS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD) # a commit: it is asked again
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                 ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)
  endif()
endif()
if(revision STREQUAL "")
  set(revision unknown)
endif()
set_source_files_properties(${CMAKE_SOURCE_DIR}/lib/base/process_metrics.c PROPERTIES
                            COMPILE_DEFINITIONS "ASG_REVISION=\"${revision}\"")
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
                    -Wstrict-prototypes -Wmissing-prototypes -fno-common
                    -fstack-protector-strong -fPIE)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wno-format-truncation) # texts are cut at their limit on purpose
endif()
# What is written where it should not be ends the program rather than being used:
# tests/integration/test_hardening.py reads the binaries.
add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
foreach(flag -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "ASG_HAS${flag}" has)
  # -Werror: clang knows flags of other processors, and only warns that it does not use them.
  set(CMAKE_REQUIRED_FLAGS -Werror)
  check_c_compiler_flag(${flag} ${has})
  unset(CMAKE_REQUIRED_FLAGS)
  if(${has})
    add_compile_options(${flag})
  endif()
endforeach()
if(NOT ASG_SANITIZE AND NOT ASG_THREAD_SANITIZE AND NOT ASG_FUZZ AND NOT CMAKE_BUILD_TYPE STREQUAL Debug)
  # 3 sees sizes that are known at run time only (gcc 12); a libc that knows 2 warns.
  set(CMAKE_REQUIRED_FLAGS "-O2 -D_FORTIFY_SOURCE=3 -Werror")
  check_c_source_compiles("#include <stdio.h>
    #if __USE_FORTIFY_LEVEL != 3
    #error 2 at most
    #endif
    int main(void) { return 0; }" ASG_HAS_FORTIFY_3)
  unset(CMAKE_REQUIRED_FLAGS)
  if(ASG_HAS_FORTIFY_3)
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  else()
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  endif()
endif()
if(ASG_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(ASG_FUZZ) # the rooms too: a fuzzer that does not see them finds what it stumbles over
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(ASG_THREAD_SANITIZE)
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(PROTOBUFC REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)

include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/lib ${CMAKE_BINARY_DIR}/gen)

# accept(), accept4() and close() of the programs that limit strangers: named on their link
# lines, because from an archive the linker would give them to every program.
add_library(asg_accept_calls OBJECT ${CMAKE_SOURCE_DIR}/lib/base/accept_calls.c)
function(asg_limit_accepts)
  foreach(name ${ARGN})
    target_link_libraries(${name} PRIVATE asg_accept_calls)
  endforeach()
endfunction()

# asg_room(PATH USES room... LIBS lib... [PROGRAM name])
function(asg_room path)
  cmake_parse_arguments(ROOM "" "PROGRAM" "USES;LIBS" ${ARGN})
  get_filename_component(room ${path} NAME)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.c)
  list(FILTER sources EXCLUDE REGEX "/(main|accept_calls)\\.c$")
  if(sources)
    add_library(asg_${room} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(asg_${room} INTERFACE)
    set(scope INTERFACE)
  endif()
  foreach(used ${ROOM_USES})
    target_link_libraries(asg_${room} ${scope} asg_${used})
  endforeach()
  target_link_libraries(asg_${room} ${scope} ${ROOM_LIBS})
  if(ROOM_PROGRAM AND EXISTS ${CMAKE_SOURCE_DIR}/${path}/main.c)
    add_executable(${ROOM_PROGRAM} ${CMAKE_SOURCE_DIR}/${path}/main.c)
    target_link_libraries(${ROOM_PROGRAM} PRIVATE asg_${room})
  endif()
endfunction()

# asg_failpoint_program(NAME PATHS room...): the program NAME once more in <build>/failpoints,
# with the places where tests strike compiled in (lib/base/failpoint.h). The sources that
# have such places stand before the rooms' libraries on the link line, so that the
# linker takes nothing from there that they define. Never installed.
function(asg_failpoint_program name)
  cmake_parse_arguments(ROOM "" "" "PATHS" ${ARGN})
  list(GET ROOM_PATHS 0 home)
  set(struck ${CMAKE_SOURCE_DIR}/${home}/main.c)
  foreach(path ${ROOM_PATHS})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.c)
    list(FILTER sources EXCLUDE REGEX "/main\\.c$")
    foreach(source ${sources})
      file(STRINGS ${source} places REGEX "ASG_FAILPOINT(_FAILS)?\\(\"" LIMIT_COUNT 1)
      if(places)
        list(APPEND struck ${source})
      endif()
    endforeach()
  endforeach()
  add_executable(${name}-failpoints ${struck})
  set_target_properties(${name}-failpoints PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/failpoints)
  target_compile_definitions(${name}-failpoints PRIVATE ASG_FAILPOINTS)
  target_link_libraries(${name}-failpoints PRIVATE asg_${home})
endfunction()
