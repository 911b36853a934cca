import { expect, test } from "bun:test";
import { banner } from "../../../src/server/banner.ts";
import { readServerConfig } from "../../../src/server/config.ts";

const shown = (url: string, args: string[] = [], environment: Record<string, string> = {}) =>
	banner({
		config: readServerConfig(args, environment),
		url,
		location: "/data",
		isDurable: true,
		token: null,
		authorityPath: null,
	});

test("a start over https shows a cloud block that can be copied", () => {
	const text = shown("https://localhost:8080", ["--organization", "acme"]);
	expect(text).toContain("terraform login localhost:8080\n");
	expect(text).toContain('hostname     = "localhost:8080"\n      organization = "acme"\n');
	const proxied = shown("http://localhost:8080", [], {
		OPENTACO_PUBLIC_BASE_URL: "https://taco.example.com",
	});
	expect(proxied).toContain("terraform login taco.example.com\n");
});

test("where a cloud block cannot work none is shown", () => {
	expect(shown("http://localhost:8080")).not.toContain("cloud {");
	expect(shown("https://localhost:8080", ["--auth-disable"])).not.toContain("cloud {");
});
