# An Amazon Machine Image with openasg-agent in it:
#
#   packer build -var agent_archive=openasg-agent-0.1.0-linux-amd64.tar.gz openasg-agent.pkr.hcl
#
# The image must hold no key: the agent makes its keys at its first start on an instance, so it
# is enabled here and not started.

variable "agent_archive" {
  type        = string
  description = "Path of openasg-agent-VERSION-linux-ARCH.tar.gz, from ./dev package."
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "source_ami_owner" {
  type        = string
  description = "Account that publishes the base image; 136693071363 is Debian's."
  default     = "136693071363"
}

source "amazon-ebs" "agent" {
  region        = var.region
  instance_type = "t3.micro"
  ssh_username  = "admin"
  ami_name      = "openasg-agent-{{timestamp}}"

  source_ami_filter {
    filters = {
      name                = "debian-12-amd64-*"
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
    most_recent = true
    owners      = [var.source_ami_owner]
  }
}

build {
  sources = ["source.amazon-ebs.agent"]

  provisioner "file" {
    source      = var.agent_archive
    destination = "/tmp/openasg-agent.tar.gz"
  }

  provisioner "shell" {
    inline = [
      "sudo tar -C / --no-overwrite-dir -xzf /tmp/openasg-agent.tar.gz",
      "rm /tmp/openasg-agent.tar.gz",
      "sudo systemctl daemon-reload",
      "sudo systemctl enable openasg-agent",
      "sudo rm -rf /var/lib/openasg-agent /var/lib/private/openasg-agent",
    ]
  }
}
