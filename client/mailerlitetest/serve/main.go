// Command serve serves a simulated MailerLite account over HTTP on loopback,
// for scripts and benchmarks that want the account in a process of its own.
// It prints the base URL of the API on standard output.
//
// These paths need no key:
//
//	POST /_/advance?days=1     let days pass
//	GET  /_/truth/{table}      the rows of a table, one JSON object per line
//	GET  /_/requests           how many requests have come in
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailerlake/client/mailerlitetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	addr, opt, err := parse(args, stderr)
	if err != nil {
		return err
	}
	listener, err := listen(addr)
	if err != nil {
		return err
	}
	opt.BaseURL = "http://" + listener.Addr().String() + "/api"
	server := &http.Server{Handler: handler(mailerlitetest.New(opt)), ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { server.Close() })
	defer stopped()
	if _, err := fmt.Fprintln(stdout, opt.BaseURL); err != nil {
		return fmt.Errorf("print url: %w", err)
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", addr, err)
	}
	return nil
}

func parse(args []string, stderr io.Writer) (addr string, opt mailerlitetest.Options, err error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&addr, "addr", "127.0.0.1:0", "loopback `address` to listen on; port 0 takes a free one")
	flags.IntVar(&opt.Subscribers, "subscribers", 2000, "`number` of subscribers")
	flags.IntVar(&opt.Groups, "groups", 12, "`number` of groups")
	flags.IntVar(&opt.Campaigns, "campaigns", 40, "`number` of campaigns")
	flags.IntVar(&opt.CustomFields, "fields", 8, "`number` of custom fields")
	flags.IntVar(&opt.Segments, "segments", 3, "`number` of segments")
	flags.IntVar(&opt.Forms, "forms", 4, "`number` of forms")
	flags.IntVar(&opt.Webhooks, "webhooks", 2, "`number` of webhooks")
	flags.IntVar(&opt.Imports, "imports", 5, "`number` of imports")
	flags.IntVar(&opt.Shops, "shops", 2, "`number` of shops")
	flags.IntVar(&opt.Products, "products", 16, "`number` of products of each shop; negative is none")
	flags.IntVar(&opt.Orders, "orders", 75, "`number` of orders of each shop; negative is none")
	flags.IntVar(&opt.Automations, "automations", 4, "`number` of automations")
	flags.IntVar(&opt.Recipients, "recipients", 0, "`number` of recipients of every campaign; 0 makes up numbers")
	flags.Func("unavailable", "`routes` that the plan does not have, with commas between: automations,ecommerce/shops", func(s string) error {
		opt.Unavailable = strings.Split(s, ",")
		return nil
	})
	flags.IntVar(&opt.UnavailableStatus, "unavailable-status", 403, "`status` of routes that the plan does not have")
	flags.DurationVar(&opt.Latency, "latency", 0, "`time` that every request takes")
	flags.DurationVar(&opt.LatencyPerPart, "latency-per-part", 0, "`time` that a batch takes for each part besides")
	flags.Uint64Var(&opt.Seed, "seed", 20260302, "`seed` of the account")
	flags.IntVar(&opt.Day, "day", 0, "`days` that have passed in the account")
	flags.Float64Var(&opt.Churn, "churn", 1, "how much a day changes; 1 is about 3 % of the subscribers")
	flags.IntVar(&opt.RatePerMinute, "rate", 120, "requests a minute; negative is unlimited")
	flags.StringVar(&opt.Key, "key", "", "the only `key` accepted; empty accepts any")
	flags.BoolVar(&opt.Gzip, "gzip", false, "compress bodies for clients that accept it")
	if err := flags.Parse(args); err != nil {
		return "", opt, err
	}
	if flags.NArg() > 0 {
		return "", opt, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return addr, opt, nil
}

// listen refuses addresses that others could reach: /_/ needs no key.
func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("parse -addr: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen on %s: not a loopback address; use 127.0.0.1:0", addr)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return listener, nil
}

func handler(a *mailerlitetest.Account) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", a)
	mux.HandleFunc("POST /_/advance", func(w http.ResponseWriter, r *http.Request) {
		days := 1
		if s := r.FormValue("days"); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n < 0 {
				http.Error(w, "days: want a number of 0 or more", http.StatusBadRequest)
				return
			}
			days = n
		}
		a.Advance(days)
		fmt.Fprintln(w, a.Day())
	})
	mux.HandleFunc("GET /_/truth/{table}", func(w http.ResponseWriter, r *http.Request) {
		table := r.PathValue("table")
		if !slices.Contains(mailerlitetest.Tables, table) {
			http.Error(w, "no such table", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		if err := a.Truth(table, w); err != nil {
			panic(http.ErrAbortHandler) // the client is gone: nobody would read an error
		}
	})
	mux.HandleFunc("GET /_/requests", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, a.Requests()) })
	return mux
}
