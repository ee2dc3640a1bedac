package deploy

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mailerlake/testdata/lake/servers"
)

// cronJob is the part of a CronJob that the tests follow.
type cronJob struct {
	Kind string
	Spec struct {
		ConcurrencyPolicy string `yaml:"concurrencyPolicy"`
		JobTemplate       struct {
			Spec struct {
				PodFailurePolicy struct{ Rules []failureRule } `yaml:"podFailurePolicy"`
				Template         struct{ Spec podSpec }
			}
		} `yaml:"jobTemplate"`
	}
}

type failureRule struct {
	Action      string
	OnExitCodes *struct {
		Operator string
		Values   []int
	} `yaml:"onExitCodes"`
}

type podSpec struct {
	RestartPolicy   string         `yaml:"restartPolicy"`
	SecurityContext map[string]any `yaml:"securityContext"`
	Containers      []struct {
		Image string
		Args  []string
		Env   []struct {
			Name      string
			ValueFrom struct {
				SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
			} `yaml:"valueFrom"`
		}
		SecurityContext map[string]any `yaml:"securityContext"`
		VolumeMounts    []struct {
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
		Resources map[string]map[string]string `yaml:"resources"`
	}
}

// readCronJob returns the CronJob of the recipe.
func readCronJob(t *testing.T) *cronJob {
	t.Helper()
	for _, document := range strings.Split(recipe(t, "cronjob.yaml"), "\n---\n") {
		var c cronJob
		if err := yaml.Unmarshal([]byte(document), &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind == "CronJob" {
			return &c
		}
	}
	t.Fatal("the recipe has no CronJob")
	return nil
}

// outcome is what Kubernetes makes of an exit code: the first rule that has it decides.
func (c *cronJob) outcome(code int) string {
	for _, rule := range c.Spec.JobTemplate.Spec.PodFailurePolicy.Rules {
		if rule.OnExitCodes != nil && rule.OnExitCodes.Operator == "In" && slices.Contains(rule.OnExitCodes.Values, code) {
			return rule.Action
		}
	}
	if code == 0 {
		return "Complete"
	}
	return "Count"
}

// TestKubernetes runs the container's command as its user, who can write to the volume alone.
func TestKubernetes(t *testing.T) {
	c := readCronJob(t)
	pod := c.Spec.JobTemplate.Spec.Template.Spec
	container := pod.Containers[0]
	if c.Spec.ConcurrencyPolicy != "Forbid" || pod.RestartPolicy != "Never" {
		t.Errorf("runs may overlap, or the exit code does not matter: %+v", c.Spec)
	}
	n := newNight(t)
	volume := n.mkdir(t, "volume", 0o755)
	secret := key
	night := func(t *testing.T, code int, want string) {
		t.Helper()
		env := []string{"MAILERLITE_API_URL=" + n.url}
		for _, v := range container.Env {
			if v.ValueFrom.SecretKeyRef.Name != "mailerlite" || v.ValueFrom.SecretKeyRef.Key != "api-key" {
				t.Fatalf("the test has no secret for %+v", v)
			}
			env = append(env, v.Name+"="+secret)
		}
		var args []string
		for _, arg := range container.Args {
			args = append(args, strings.Replace(arg, container.VolumeMounts[0].MountPath, volume, 1))
		}
		out, err := confined(t, volume, env, filepath.Join(n.bin, "mailerlake"), args...).CombinedOutput()
		if got := exitCode(t, err); got != code || strings.Contains(string(out), key) {
			t.Fatalf("exit code %d, want %d\n%s", got, code, out)
		}
		if got := c.outcome(code); got != want {
			t.Errorf("exit code %d: %s, want %s", code, got, want)
		}
	}
	t.Run("first", func(t *testing.T) { night(t, 0, "Complete") })
	t.Run("overlap", func(t *testing.T) {
		defer n.lock(t, filepath.Join(volume, "lake"))()
		night(t, 6, "Ignore")
	})
	t.Run("partial", func(t *testing.T) {
		n.lose(t)
		night(t, 3, "FailJob")
	})
	t.Run("refused key", func(t *testing.T) {
		secret = "revoked"
		night(t, 5, "FailJob")
	})
}

// TestKubernetesCodes says what becomes of every exit code.
func TestKubernetesCodes(t *testing.T) {
	want := map[string]string{"0": "Complete", "6": "Ignore",
		"1": "Count", "2": "Count", "8": "Count", "130": "Count", // 2 and 8 are those of other commands
		"3": "FailJob", "4": "FailJob", "5": "FailJob", "7": "FailJob"}
	c := readCronJob(t)
	for _, text := range exitCodes(t) {
		code, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.outcome(code); got != want[text] {
			t.Errorf("exit code %s: %s, want %s", text, got, want[text])
		}
	}
}

// TestKubernetesRestricted holds the pod to the standard "restricted" of Pod Security.
func TestKubernetesRestricted(t *testing.T) {
	pod := readCronJob(t).Spec.JobTemplate.Spec.Template.Spec
	container := pod.Containers[0]
	both := maps.Clone(pod.SecurityContext)
	maps.Copy(both, container.SecurityContext)
	text, err := yaml.Marshal(both)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"runAsNonRoot: true", "allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true", "type: RuntimeDefault", "drop:\n        - ALL", "runAsUser: 65532"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if container.Resources["limits"]["memory"] == "" || container.Resources["requests"]["memory"] == "" {
		t.Errorf("the memory has no bounds: %v", container.Resources)
	}
}

// TestKubernetesSchema checks the recipe by the schemas of Kubernetes.
func TestKubernetesSchema(t *testing.T) {
	validate := filepath.Join(servers.Tools(), "venv", "bin", "kubernetes-validate")
	servers.Need(t, validate, "deploy")
	check := func(text string) (string, error) {
		file := filepath.Join(t.TempDir(), "recipe.yaml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(validate, "--strict", file).CombinedOutput()
		return string(out), err
	}
	good := recipe(t, "cronjob.yaml")
	if out, err := check(good); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := check(replaced(t, good, "podFailurePolicy:", "podFailurePolicies:")); err == nil {
		t.Errorf("a misspelled member passes:\n%s", out)
	}
}
