# The launch template lives in AWS; the group and its policy live in openasg, which speaks the
# API of EC2 Auto Scaling. docs/clients.md says what is refused.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "openasg_endpoint" {
  type        = string
  description = "listen.api of the controller, such as https://asg.example.com:7706."
}

# Written by `openasg keys make-api terraform` on the controller's host.
variable "openasg_access_key" {
  type      = string
  sensitive = true
}

variable "openasg_secret_key" {
  type      = string
  sensitive = true
}

variable "image_id" {
  type        = string
  description = "An image with openasg-agent in it (../packer)."
}

variable "subnet_ids" {
  type = list(string)
}

variable "security_group_ids" {
  type        = list(string)
  description = "They must let the controller reach TCP 7705."
}

provider "aws" {
  region = var.region
}

# The same provider, with openasg in place of EC2 Auto Scaling and a key of openasg's.
provider "aws" {
  alias                       = "openasg"
  region                      = var.region
  access_key                  = var.openasg_access_key
  secret_key                  = var.openasg_secret_key
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true

  endpoints {
    autoscaling = var.openasg_endpoint
  }
}

resource "aws_launch_template" "web" {
  name_prefix            = "web-"
  image_id               = var.image_id
  instance_type          = "t3.micro"
  vpc_security_group_ids = var.security_group_ids

  metadata_options {
    http_tokens = "required"
  }
}

resource "aws_autoscaling_group" "web" {
  provider            = aws.openasg
  name                = "web"
  min_size            = 2
  max_size            = 10
  vpc_zone_identifier = var.subnet_ids

  launch_template {
    id      = aws_launch_template.web.id
    version = aws_launch_template.web.latest_version
  }

  # Policies change it.
  lifecycle {
    ignore_changes = [desired_capacity]
  }
}

resource "aws_autoscaling_policy" "cpu50" {
  provider               = aws.openasg
  name                   = "cpu50"
  autoscaling_group_name = aws_autoscaling_group.web.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 50

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
