#!/bin/sh
# What an instance of `./dev up` boots by: the agent, and work for as long as there is a file
# "load" in the folder of the local EC2. 100 % CPU of an instance is a twentieth of a core.
cd "$HOME" || exit 1
while true; do
  if [ -e ../../load ]; then
    timeout 0.03 sh -c 'while :; do :; done'
    sleep 0.1
  else
    sleep 1
  fi
done &
exec openasg-agent --cpu-source session --cpu-capacity-milli 50 \
  --dir agent --grpc-listen :0
