// Each document of the YAML files named is decoded strictly into the published type of its apiVersion and kind: a field that
// the type does not have, or has otherwise, is an error.  Kinds that are not listed here are errors too.
package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

var types = map[string]func() any{
	"v1 ConfigMap":                           func() any { return new(core.ConfigMap) },
	"v1 Secret":                              func() any { return new(core.Secret) },
	"v1 Service":                             func() any { return new(core.Service) },
	"apps/v1 StatefulSet":                    func() any { return new(apps.StatefulSet) },
	"policy/v1 PodDisruptionBudget":          func() any { return new(policy.PodDisruptionBudget) },
	"autoscaling/v2 HorizontalPodAutoscaler": func() any { return new(autoscaling.HorizontalPodAutoscaler) },
}

var border = regexp.MustCompile(`(?m)^---[ \t]*$`)

func check(document []byte) (string, error) {
	var head meta.TypeMeta

	if err := yaml.Unmarshal(document, &head); err != nil {
		return "", err
	}
	name := head.APIVersion + " " + head.Kind
	make, ok := types[name]
	if !ok {
		return name, fmt.Errorf("no type is known for it")
	}
	return name, yaml.UnmarshalStrict(document, make())
}

func main() {
	number, failed := 0, 0

	for _, path := range os.Args[1:] {
		text, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		for _, document := range border.Split(string(text), -1) {
			if len(bytes.TrimSpace([]byte(document))) == 0 {
				continue
			}
			number++
			name, err := check([]byte(document))
			if err != nil {
				failed++
				fmt.Printf("not ok %d - %s: %s: %v\n", number, path, name, err)
				continue
			}
			fmt.Printf("ok %d - %s: %s\n", number, path, name)
		}
	}
	fmt.Printf("1..%d\n", number)
	if failed > 0 || number == 0 {
		os.Exit(1)
	}
}
