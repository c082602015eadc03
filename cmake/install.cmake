# What `cmake --install` puts where, and hence what is in the packages: programs, man pages,
# completion, units, users, and settings with their defaults. All pages and settings come from
# the tables that --help is printed from.
include(GNUInstallDirs)

set(services openasg-controller openasg-worker openasg-agent)
install(TARGETS openasg openasg-ec2local ${services} RUNTIME)

# asg_printed(FILE PROGRAM argument...): what the program prints, as a file of the build.
set(printed)
function(asg_printed file program)
  get_filename_component(folder ${CMAKE_BINARY_DIR}/${file} DIRECTORY)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${CMAKE_COMMAND} -E env --unset=OPENASG_CONFIG
            $<TARGET_FILE:${program}> ${ARGN} > ${CMAKE_BINARY_DIR}/${file}
    DEPENDS ${program} VERBATIM)
  set(printed ${printed} ${CMAKE_BINARY_DIR}/${file} PARENT_SCOPE)
endfunction()

add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/openasg.1
  COMMAND openasg man --into ${CMAKE_BINARY_DIR}/man DEPENDS openasg)
foreach(program ${services} openasg-ec2local)
  asg_printed(man8/${program}.8 ${program} --document-man)
endforeach()
asg_printed(completion/openasg openasg completion bash)
asg_printed(completion/_openasg openasg completion zsh)
asg_printed(completion/openasg.fish openasg completion fish)
asg_printed(etc/controller.yaml openasg-controller --document-file --dir /var/lib/openasg)
asg_printed(etc/worker.yaml openasg-worker --document-file --dir /var/lib/openasg-worker)
asg_printed(etc/agent.yaml openasg-agent --document-file)
add_custom_target(man ALL DEPENDS ${CMAKE_BINARY_DIR}/man/openasg.1 ${printed})

install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(DIRECTORY ${CMAKE_BINARY_DIR}/man8/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${CMAKE_BINARY_DIR}/completion/openasg
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
# Where Debian's zsh looks for what packages bring; elsewhere it is in no $fpath but on it.
install(FILES ${CMAKE_BINARY_DIR}/completion/_openasg
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${CMAKE_BINARY_DIR}/completion/openasg.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(DIRECTORY deploy/systemd/ DESTINATION lib/systemd/system)
install(DIRECTORY deploy/sysusers.d/ DESTINATION lib/sysusers.d)
install(DIRECTORY deploy/journal/ DESTINATION lib/systemd/catalog)
install(DIRECTORY deploy/monitoring/ DESTINATION ${CMAKE_INSTALL_DATADIR}/openasg/monitoring
        PATTERN README.md EXCLUDE PATTERN board.py EXCLUDE PATTERN __pycache__ EXCLUDE)

# asg_settings(FILE FOLDER NAME): in /etc when the prefix is /usr, as it is known at the
# installation; a file that is there is the operator's and stays.
function(asg_settings file folder name)
  install(CODE "
    set(to \"\${CMAKE_INSTALL_PREFIX}/etc/${folder}\")
    string(REGEX REPLACE \"^/usr/etc\" \"/etc\" to \"\${to}\")
    if(EXISTS \"\$ENV{DESTDIR}\${to}/${name}\")
      message(STATUS \"Kept: \${to}/${name}\")
    else()
      file(INSTALL DESTINATION \"\${to}\" TYPE FILE RENAME \"${name}\" FILES \"${file}\")
    endif()")
endfunction()
foreach(name controller worker agent)
  asg_settings(${CMAKE_BINARY_DIR}/etc/${name}.yaml openasg ${name}.yaml)
  asg_settings(${CMAKE_SOURCE_DIR}/deploy/default/openasg-${name} default openasg-${name})
endforeach()
