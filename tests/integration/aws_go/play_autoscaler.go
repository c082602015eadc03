// play_autoscaler makes the calls of Kubernetes' cluster-autoscaler with the unmodified AWS SDK
// for Go, in its order and with its parameters, and stops where it would: at an error, at a
// field that it reads unchecked and that is not there, at a page that does not end.
//
// The calls: cluster-autoscaler/cloudprovider/aws/aws_wrapper.go and auto_scaling_groups.go of
// kubernetes/autoscaler (2026-08). What it saw is printed as JSON, a line a step.
//
//	play_autoscaler ENDPOINT STEP ARGUMENTS...
//	  by-tags KEY=VALUE|KEY ...   by-names NAME ...   set NAME SIZE
//	  delete INSTANCE             is-available NAME SECONDS-AGO
//	  types LAUNCH-CONFIGURATION ...
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/autoscaling"
)

const (
	namesPerCall = 100 // maxAsgNamesPerDescribe
	perPage      = 100 // maxRecordsReturnedByAPI
)

// group is what it keeps of a group; each field is read as it reads it.
type group struct {
	Name      string
	Min       int64
	Max       int64
	Size      int64
	FirstZone string
	Zones     []string
	Tags      map[string]string
	Config    string
	Template  string
	Version   string
	Instances []instance
}

type instance struct {
	Id     string
	Zone   string
	Health string
	State  string
}

func stop(format string, arguments ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		stop("%v", err)
	}
}

func say(value interface{}) {
	must(json.NewEncoder(os.Stdout).Encode(value))
}

func keep(g *autoscaling.Group) group {
	kept := group{
		Name: aws.StringValue(g.AutoScalingGroupName), Min: *g.MinSize, Max: *g.MaxSize,
		Size: *g.DesiredCapacity, FirstZone: *g.AvailabilityZones[0],
		Zones:  aws.StringValueSlice(g.AvailabilityZones),
		Config: aws.StringValue(g.LaunchConfigurationName),
		Tags:   map[string]string{}, Instances: []instance{},
	}
	if g.LaunchTemplate != nil {
		kept.Template = *g.LaunchTemplate.LaunchTemplateName
		kept.Version = aws.StringValue(g.LaunchTemplate.Version)
	}
	for _, tag := range g.Tags {
		kept.Tags[*tag.Key] = *tag.Value
	}
	for _, i := range g.Instances {
		kept.Instances = append(kept.Instances, instance{
			*i.InstanceId, *i.AvailabilityZone, *i.HealthStatus,
			aws.StringValue(i.LifecycleState)})
	}
	return kept
}

func describe(client *autoscaling.AutoScaling, input *autoscaling.DescribeAutoScalingGroupsInput) []group {
	groups := []group{}
	must(client.DescribeAutoScalingGroupsPages(input,
		func(page *autoscaling.DescribeAutoScalingGroupsOutput, _ bool) bool {
			for _, g := range page.AutoScalingGroups {
				groups = append(groups, keep(g))
			}
			return true
		}))
	return groups
}

func byTags(client *autoscaling.AutoScaling, tags []string) []group {
	filters := []*autoscaling.Filter{}
	for _, tag := range tags {
		parts := strings.SplitN(tag, "=", 2)
		filter := &autoscaling.Filter{Name: aws.String("tag-key"), Values: []*string{&parts[0]}}
		if len(parts) == 2 {
			filter = &autoscaling.Filter{Name: aws.String("tag:" + parts[0]),
				Values: []*string{&parts[1]}}
		}
		filters = append(filters, filter)
	}
	return describe(client, &autoscaling.DescribeAutoScalingGroupsInput{
		Filters: filters, MaxRecords: aws.Int64(perPage)})
}

func byNames(client *autoscaling.AutoScaling, names []string) []group {
	groups := []group{}
	for len(names) > 0 {
		count := namesPerCall
		if count > len(names) {
			count = len(names)
		}
		groups = append(groups, describe(client, &autoscaling.DescribeAutoScalingGroupsInput{
			AutoScalingGroupNames: aws.StringSlice(names[:count]),
			MaxRecords:            aws.Int64(perPage)})...)
		names = names[count:]
	}
	return groups
}

// isAvailable: no launch has failed since the group's size was last set. It stops reading at
// the first activity that is older, so they must come newest first.
func isAvailable(client *autoscaling.AutoScaling, name string, since time.Time) bool {
	answer, err := client.DescribeScalingActivities(&autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: aws.String(name)})
	must(err)
	for _, activity := range answer.Activities {
		if activity.StartTime.Before(since) {
			break
		}
		if *activity.StatusCode == "Failed" {
			return false
		}
	}
	return true
}

func types(client *autoscaling.AutoScaling, names []string) map[string]string {
	answer, err := client.DescribeLaunchConfigurations(&autoscaling.DescribeLaunchConfigurationsInput{
		LaunchConfigurationNames: aws.StringSlice(names), MaxRecords: aws.Int64(50)})
	must(err)
	found := map[string]string{}
	for _, lc := range answer.LaunchConfigurations {
		found[*lc.LaunchConfigurationName] = *lc.InstanceType
	}
	return found
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	must(err)
	return value
}

func main() {
	if len(os.Args) < 4 {
		stop("usage: play_autoscaler ENDPOINT STEP ARGUMENTS...")
	}
	client := autoscaling.New(session.Must(session.NewSession(&aws.Config{
		Endpoint: aws.String(os.Args[1]), MaxRetries: aws.Int(0)})))
	arguments := os.Args[3:]
	switch os.Args[2] {
	case "by-tags":
		say(byTags(client, arguments))
	case "by-names":
		say(byNames(client, arguments))
	case "set":
		_, err := client.SetDesiredCapacity(&autoscaling.SetDesiredCapacityInput{
			AutoScalingGroupName: aws.String(arguments[0]),
			DesiredCapacity:      aws.Int64(number(arguments[1])),
			HonorCooldown:        aws.Bool(false)})
		must(err)
		say("set")
	case "delete":
		answer, err := client.TerminateInstanceInAutoScalingGroup(
			&autoscaling.TerminateInstanceInAutoScalingGroupInput{
				InstanceId:                     aws.String(arguments[0]),
				ShouldDecrementDesiredCapacity: aws.Bool(true)})
		must(err)
		say(*answer.Activity.Description)
	case "is-available":
		since := time.Now().Add(-time.Duration(number(arguments[1])) * time.Second)
		say(isAvailable(client, arguments[0], since))
	case "types":
		say(types(client, arguments))
	default:
		stop("no step %s", os.Args[2])
	}
}
