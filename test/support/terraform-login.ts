/** `terraform login` as a user runs it, with a browser that goes where it says. */
import { expect } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { HeadlessBrowser } from "./openid-provider.ts";

export interface TerraformLogin {
	/** terraform or tofu. */
	readonly client: string;
	/** `localhost` and the server's port. */
	readonly host: string;
	/** Where the client stores the token, below `.terraform.d`. */
	readonly home: string;
	/** PEM file of the authority that signed the server's certificate. */
	readonly caFile: string;
	/** What is typed into the login form. */
	readonly proof: Readonly<Record<string, string>>;
}

/** Logs in, and fails the test when the client does not say that it worked. */
export async function logInWithTerraform(login: TerraformLogin): Promise<void> {
	const { client, host, home, caFile } = login;
	await mkdir(join(home, ".terraform.d"), { recursive: true });
	const child = Bun.spawn([client, "login", host], {
		cwd: home,
		env: {
			PATH: process.env.PATH ?? "",
			HOME: home,
			SSL_CERT_FILE: caFile,
			CHECKPOINT_DISABLE: "1",
			// The client opens a browser where it finds one; the test is the browser.
			BROWSER: "true",
			TF_CLI_ARGS: "-no-color",
		},
		stdio: ["pipe", "pipe", "pipe"],
	});
	child.stdin.write("yes\n");
	await child.stdin.flush();
	let printed = "";
	let browsing: Promise<void> | null = null;
	const decoder = new TextDecoder();
	const errors = new Response(child.stderr).text();
	for await (const chunk of child.stdout) {
		printed += decoder.decode(chunk, { stream: true });
		const url = /https:\/\/\S+\/oauth\/\S+/.exec(printed)?.[0];
		if (url === undefined || !printed.includes(`${url}\n`)) continue;
		// Without its answer the client would wait for ever.
		browsing ??= browse(url, login).catch((error) => {
			child.kill();
			throw error;
		});
		browsing.catch(() => undefined);
	}
	await browsing;
	expect({ code: await child.exited, errors: await errors }).toEqual({ code: 0, errors: "" });
	expect(printed).toContain("Success");
}

async function browse(url: string, { caFile, proof }: TerraformLogin): Promise<void> {
	const browser = new HeadlessBrowser({
		stopAt: (address) => address.startsWith("http://localhost:100"),
		fetch: (address, init) => fetch(address, { ...init, tls: { ca: Bun.file(caFile) } }),
	});
	const consent = await browser.submit(await browser.open(url), "/oauth/login", proof);
	const end = await browser.submit(consent, "/oauth/consent", { decision: "allow" });
	expect(end.url).toStartWith("http://localhost:100");
	// The client ends as soon as it has read the request, and may cut its own answer off.
	await fetch(end.url).then(
		(response) => response.arrayBuffer(),
		() => undefined,
	);
}
