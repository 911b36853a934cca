import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { environmentPage, withTables } from "../../../scripts/generate-environment-docs.ts";
import { readServerConfig, type ServerConfig } from "../../../src/server/config.ts";
import { serveHelp } from "../../../src/server/setting-help.ts";
import { settings } from "../../../src/server/setting-table.ts";
import { ConfigError } from "../../../src/server/setting-values.ts";

type Environment = Record<string, string>;

interface Good {
	readonly name: string;
	readonly argv?: readonly string[];
	readonly environment?: Environment;
	readonly expected: Partial<Record<keyof ServerConfig, unknown>>;
}

const goods: readonly Good[] = [
	{
		name: "defaults",
		expected: {
			host: "0.0.0.0",
			port: 8080,
			storage: { kind: "filesystem", directory: "./taco-data" },
			auth: { kind: "admin-token", token: null, isReset: false },
			tls: { kind: "none" },
			versionsKept: 1000,
			isAutoCreating: true,
			logLevel: "info",
		},
	},
	{
		name: "a bucket chooses S3",
		environment: { OPENTACO_S3_BUCKET: "states", AWS_REGION: "eu-west-1" },
		expected: {
			storage: {
				kind: "s3",
				bucket: "states",
				prefix: "",
				region: "eu-west-1",
				endpoint: null,
				pathStyle: false,
			},
		},
	},
	{
		name: "a storage that is named goes before the bucket",
		environment: { OPENTACO_S3_BUCKET: "states", OPENTACO_STORAGE: "Memory" },
		expected: { storage: { kind: "memory" } },
	},
	{
		name: "an endpoint makes path style the default",
		argv: ["--s3-bucket=b", "--s3-prefix", "/x/y/"],
		environment: { AWS_ENDPOINT_URL: "http://localhost:9000/" },
		expected: {
			storage: {
				kind: "s3",
				bucket: "b",
				prefix: "x/y",
				region: "us-east-1",
				endpoint: "http://localhost:9000",
				pathStyle: true,
			},
		},
	},
	{
		name: "our own variable goes before those of others",
		argv: ["--s3-bucket", "b", "--no-s3-force-path-style"],
		environment: {
			OPENTACO_S3_ENDPOINT: "https://s3.example",
			AWS_ENDPOINT_URL_S3: "https://other.example",
			OPENTACO_S3_REGION: "here",
			AWS_REGION: "there",
		},
		expected: {
			storage: {
				kind: "s3",
				bucket: "b",
				prefix: "",
				region: "here",
				endpoint: "https://s3.example",
				pathStyle: false,
			},
		},
	},
	{
		name: "the predecessor's command line",
		argv: ["-storage", "memory", "-auth-disable", "-port", "9000"],
		expected: { storage: { kind: "memory" }, auth: { kind: "disabled" }, port: 9000 },
	},
	{
		name: "the predecessor's command line for S3",
		argv: ["-storage=s3", "-s3-bucket", "x", "-s3-region", "r", "-auth-disable=false"],
		expected: { auth: { kind: "admin-token", token: null, isReset: false } },
	},
	{
		name: "a flag goes before its variable",
		argv: ["--port", "1", "--port=2"],
		environment: { OPENTACO_PORT: "3" },
		expected: { port: 2 },
	},
	{
		name: "an empty variable is unset",
		environment: { OPENTACO_PORT: " ", OPENTACO_HOST: "", AWS_REGION: "" },
		expected: { port: 8080, host: "0.0.0.0" },
	},
	{
		name: "without authentication only this machine is served",
		environment: { OPENTACO_AUTH_DISABLE: "TRUE" },
		expected: { host: "127.0.0.1", auth: { kind: "disabled" } },
	},
	{
		name: "log levels in any case",
		environment: { OPENTACO_LOG_LEVEL: "WARN", OPENTACO_LOG_FORMAT: "JSON" },
		expected: { logLevel: "warn", logFormat: "json" },
	},
	{
		name: "sizes with units",
		argv: ["--max-state-bytes", "64MiB", "--max-versions", "0"],
		expected: { stateBytesMax: 64 * 1024 * 1024, versionsKept: 0 },
	},
	{
		name: "booleans in every usual word",
		environment: { OPENTACO_AUTO_CREATE: "off", OPENTACO_TLS_SELF_SIGNED: "1" },
		expected: { isAutoCreating: false, tls: { kind: "self-signed" } },
	},
	{
		name: "TLS files",
		argv: ["--tls-cert", "c.pem", "--tls-key", "k.pem"],
		expected: { tls: { kind: "files", certificate: "c.pem", key: "k.pem" } },
	},
	{
		name: "the host of the public URL is allowed with the others",
		argv: ["--public-base-url", "https://taco.example/", "--allowed-hosts", "localhost, A.example"],
		expected: {
			publicBaseUrl: "https://taco.example",
			allowedHosts: ["localhost", "a.example", "taco.example"],
		},
	},
	{
		name: "a token of the operator",
		environment: { OPENTACO_ADMIN_TOKEN: "0123456789abcdef" },
		expected: { auth: { kind: "admin-token", token: "0123456789abcdef", isReset: false } },
	},
];

describe("settings that can be used", () => {
	for (const { name, argv = [], environment = {}, expected } of goods) {
		test(name, () => {
			expect(readServerConfig(argv, environment)).toMatchObject(expected);
		});
	}
});

const secret = "SECRET-value";

const bads: readonly { argv?: string[]; environment?: Environment; says: string }[] = [
	{ environment: { OPENTACO_PORT: "http" }, says: "OPENTACO_PORT: must be a whole number" },
	{ argv: ["--port", "65536"], says: "--port: must be a whole number, from 0 to 65535" },
	{ argv: ["--port=1.5"], says: "--port" },
	{ argv: ["--port"], says: "--port: needs a value" },
	{ argv: ["--port", "--host", "x"], says: "--port: needs a value" },
	{ argv: ["--storage", "postgres"], says: "--storage: must be one of s3, filesystem, memory" },
	{ argv: ["--storage", "s3"], says: "needs a bucket" },
	{ environment: { OPENTACO_LOG_LEVEL: secret }, says: "OPENTACO_LOG_LEVEL: must be one of" },
	{ environment: { OPENTACO_AUTH_DISABLE: secret }, says: "OPENTACO_AUTH_DISABLE: must be true" },
	{ argv: ["--max-state-bytes", "10 potatoes"], says: "--max-state-bytes" },
	{ argv: ["--max-state-bytes", "1"], says: "--max-state-bytes" },
	{ argv: ["--max-versions", "-1"], says: "--max-versions" },
	{ environment: { OPENTACO_ADMIN_TOKEN: "SECRET" }, says: "OPENTACO_ADMIN_TOKEN: must have" },
	{ environment: { OPENTACO_ADMIN_TOKEN: `${secret} with a space` }, says: "without spaces" },
	{
		argv: ["--reset-admin-token"],
		environment: { OPENTACO_ADMIN_TOKEN: `${secret}-of-some-length` },
		says: "--reset-admin-token: has nothing to reset",
	},
	{ argv: ["--tls-cert", "c.pem"], says: "--tls-cert: needs --tls-key as well" },
	{ argv: ["--tls-key", "k.pem"], says: "--tls-key: needs --tls-cert as well" },
	{
		argv: ["--tls-key", "k", "--tls-cert", "c", "--tls-self-signed"],
		says: "--tls-self-signed: cannot be used together with --tls-cert",
	},
	{ argv: ["--public-base-url", "taco.example"], says: "--public-base-url: must be a URL" },
	{ argv: ["--public-base-url", "https://h/path"], says: "without a path" },
	{
		argv: ["--s3-bucket", "b", "--s3-endpoint", `https://${secret}:x@h`],
		says: "without credentials",
	},
	{ argv: ["--allowed-hosts", "a:80"], says: "--allowed-hosts" },
	{ argv: ["--trusted-proxies", "10.0.0.0/33"], says: "--trusted-proxies" },
	{ argv: ["--trusted-proxies", "proxy.example"], says: "--trusted-proxies" },
	{ argv: ["--no-port"], says: "unknown flag --no-port" },
	{ argv: ["--auth-disabled"], says: "unknown flag --auth-disabled; did you mean --auth-disable?" },
	{ argv: ["--prot", "1"], says: "did you mean --port?" },
	{ argv: [`--admin-token=${secret}`], says: "unknown flag --admin-token" },
	{ argv: ["somewhere"], says: "takes no arguments" },
	{ argv: ["--host="], says: "--host: is empty" },
	{ argv: ["--no-auto-create=true"], says: "takes no value" },
];

describe("settings that cannot be used", () => {
	for (const { argv = [], environment = {}, says } of bads) {
		test(`${argv.join(" ") || Object.keys(environment).join()}: ${says}`, () => {
			let error: unknown = null;
			try {
				readServerConfig(argv, environment);
			} catch (thrown) {
				error = thrown;
			}
			expect(error).toBeInstanceOf(ConfigError);
			expect((error as Error).message).toContain(says);
			expect((error as Error).message).not.toContain("SECRET");
		});
	}
});

describe("warnings", () => {
	const warnings = (...argv: string[]) => readServerConfig(argv, {}).warnings.join("\n");

	test("are loud about an open server", () => {
		expect(warnings("--auth-disable", "--host", "0.0.0.0")).toContain("AUTHENTICATION IS OFF");
		expect(warnings("--auth-disable")).toContain("authentication is off");
		expect(warnings("--host", "localhost")).toBe("");
	});

	test("tell of plain http on a network, unless a proxy has TLS", () => {
		expect(warnings()).toContain("plain http");
		expect(warnings("--tls-self-signed")).toBe("");
		expect(warnings("--host", "127.0.0.1")).toBe("");
		expect(warnings("--public-base-url", "https://taco.example")).toBe("");
		expect(warnings("--public-base-url", "http://taco.example")).toContain("plain http");
	});
});

describe("the table", () => {
	test("names every flag and variable once", () => {
		const flags = settings.flatMap(({ flag }) => flag ?? []);
		const variables = settings.flatMap(({ variables }) => variables);
		expect(new Set(flags).size).toBe(flags.length);
		expect(new Set(variables).size).toBe(variables.length);
		for (const name of settings.flatMap(({ variables }) => variables.slice(0, 1))) {
			expect(name).toStartWith("OPENTACO_");
		}
	});

	test("is in the help whole", () => {
		const help = serveHelp();
		for (const { flag, variables } of settings) {
			if (flag !== null) expect(help).toContain(`--${flag}`);
			if (variables[0] !== undefined) expect(help).toContain(variables[0]);
		}
	});

	test("is what docs/reference/environment.md says", async () => {
		const page = await readFile(environmentPage, "utf8");
		expect(withTables(page)).toBe(page);
	});
});
