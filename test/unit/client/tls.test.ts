// The library refuses to load without it.
import "reflect-metadata";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";
import { taco } from "../cli/terminal.ts";

let folder: TemporaryDirectory;
let server: Bun.Server<undefined>;
let certificate: string;

beforeAll(async () => {
	folder = await temporaryDirectory("tls");
	const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
	const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
	const made = await x509.X509CertificateGenerator.createSelfSigned({
		name: "CN=localhost",
		notBefore: new Date("2020-01-01"),
		notAfter: new Date("2120-01-01"),
		signingAlgorithm: algorithm,
		keys,
		extensions: [
			new x509.BasicConstraintsExtension(true, 0, true),
			new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]),
		],
	});
	certificate = made.toString("pem");
	const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
	const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString("base64")}\n-----END PRIVATE KEY-----\n`;
	await writeFile(join(folder.path, "ca.pem"), certificate);
	await writeFile(join(folder.path, "none.pem"), "nothing");
	server = Bun.serve({
		port: 0,
		hostname: "localhost",
		tls: { cert: certificate, key },
		fetch: () => Response.json({ units: [], count: 0 }),
	});
});

afterAll(async () => {
	await server.stop(true);
	await folder.remove();
});

function list(env: Record<string, string>): ReturnType<typeof taco> {
	const OPENTACO_SERVER = `https://localhost:${server.port}`;
	return taco(["unit", "ls"], {
		cwd: folder.path,
		env: { HOME: folder.path, OPENTACO_SERVER, ...env },
	});
}

test("an unknown authority is refused at once, with what to do", async () => {
	const { code, err } = await list({});
	expect(code).toBe(6);
	expect(err).toContain("certificate is not accepted");
	expect(err).toContain("OPENTACO_CA_CERT");
});

test("OPENTACO_CA_CERT makes it known", async () => {
	expect((await list({ OPENTACO_CA_CERT: join(folder.path, "ca.pem") })).code).toBe(0);
});

test("a wrong OPENTACO_CA_CERT is an error", async () => {
	expect((await list({ OPENTACO_CA_CERT: join(folder.path, "none.pem") })).code).toBe(2);
	const missing = await list({ OPENTACO_CA_CERT: join(folder.path, "missing.pem") });
	expect(missing.code).toBe(1);
	expect(missing.err).toContain("no such file");
});

test("an address without TLS is told to be one that may have to begin with https", async () => {
	const { code, err } = await list({ OPENTACO_SERVER: `http://localhost:${server.port}` });
	expect(code).toBe(6);
	expect(err).toContain("has one with https");
});
