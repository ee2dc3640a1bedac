package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// start runs the command until the test ends and returns the API's URL.
func start(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, w, io.Discard)
		w.CloseWithError(err)
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func send(t *testing.T, method, url, key string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestServe(t *testing.T) {
	api := start(t, "-subscribers", "300", "-key", "secret", "-rate", "-1")
	root := strings.TrimSuffix(api, "/api")
	if status, body := send(t, "GET", api+"/subscribers?limit=0", "secret"); status != 200 || body != `{"total":300}` {
		t.Errorf("got %d %s, want 300 subscribers", status, body)
	}
	if status, _ := send(t, "GET", api+"/subscribers?limit=0", "other"); status != 401 {
		t.Errorf("another key: got status %d, want 401", status)
	}
	if _, body := send(t, "GET", api+"/groups?limit=1", "secret"); !strings.Contains(body, strings.ReplaceAll(api, "/", `\/`)+`\/groups?page=1`) {
		t.Errorf("the links do not lead to the server: %s", body)
	}
	if status, body := send(t, "POST", root+"/_/advance?days=2", ""); status != 200 || body != "2\n" {
		t.Errorf("advance: got %d %q, want day 2", status, body)
	}
	_, truth := send(t, "GET", root+"/_/truth/subscriber", "")
	_, count := send(t, "GET", api+"/subscribers?limit=0", "secret")
	if rows := strings.Count(truth, "\n"); rows <= 300 || !strings.Contains(count, `:`+strconv.Itoa(rows)+`}`) {
		t.Errorf("after two days: truth has %d rows, the API says %s", rows, count)
	}
	if _, n := send(t, "GET", root+"/_/requests", ""); n != "4\n" {
		t.Errorf("got %q requests, want 4", n)
	}
	for _, bad := range []string{"GET /_/truth/nothing", "POST /_/advance?days=x", "GET /elsewhere"} {
		method, path, _ := strings.Cut(bad, " ")
		if status, _ := send(t, method, root+path, "secret"); status < 400 {
			t.Errorf("%s: got status %d", bad, status)
		}
	}
}

// TestSizes checks that each flag sets the number of rows that it names.
func TestSizes(t *testing.T) {
	api := start(t, "-segments", "1", "-forms", "5", "-webhooks", "6", "-imports", "7", "-shops", "1", "-products", "8", "-orders", "9", "-rate", "-1")
	root := strings.TrimSuffix(api, "/api")
	for table, want := range map[string]int{"segment": 1, "form": 5, "webhook": 6, "import": 7, "shop": 1, "product": 8, "order": 9} {
		if _, rows := send(t, "GET", root+"/_/truth/"+table, ""); strings.Count(rows, "\n") != want {
			t.Errorf("%s: got %d rows, want %d", table, strings.Count(rows, "\n"), want)
		}
	}
	if status, body := send(t, "GET", api+"/ecommerce/shops/560/orders?limit=0", "key"); status != 200 || body != `{"total":9}` {
		t.Errorf("got %d %s, want 9 orders", status, body)
	}
}

// TestFlags checks that the flags reach the account.
func TestFlags(t *testing.T) {
	api := start(t, "-subscribers", "60", "-recipients", "20", "-automations", "3", "-unavailable", "groups,fields", "-unavailable-status", "404",
		"-latency", "1ms", "-latency-per-part", "1ms", "-rate", "-1")
	for path, want := range map[string]int{"/automations": 200, "/groups": 404, "/fields": 404, "/subscribers": 200} {
		if status, body := send(t, "GET", api+path, "key"); status != want {
			t.Errorf("%s: got %d %.200s, want %d", path, status, body, want)
		}
	}
	root := strings.TrimSuffix(api, "/api")
	if _, rows := send(t, "GET", root+"/_/truth/automation", ""); strings.Count(rows, "\n") != 3 {
		t.Errorf("got %.200s, want 3 automations", rows)
	}
	_, campaigns := send(t, "GET", root+"/_/truth/campaign", "")
	if sent, all := strings.Count(campaigns, `"stats":{"sent":20,`), strings.Count(campaigns, `"status":"sent"`); sent < all || all == 0 {
		t.Errorf("%d of %d sent campaigns went to 20", sent, all)
	}
}

func TestRefusals(t *testing.T) {
	for want, args := range map[string][]string{
		"not a loopback address": {"-addr", "0.0.0.0:0"},
		"parse -addr":            {"-addr", "localhost"},
		"unexpected argument":    {"extra"},
		"flag provided but not":  {"-nonsense"},
	} {
		err := run(t.Context(), args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %s", args, err, want)
		}
	}
}
