import { expect, test } from "bun:test";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileDelivery } from "../../../src/server/token-delivery.ts";
import { temporaryDirectory } from "../../support/tmpdir.ts";

test("a token that counts lies in a private file, whose path is told", async () => {
	await using folder = await temporaryDirectory("token");
	const path = join(folder.path, "server", "admin-token");
	const told: string[] = [];
	const delivery = fileDelivery(path, (where) => told.push(where));
	await delivery.prepare("the-token", "aa");
	expect(await readdir(join(folder.path, "server"))).toEqual(["admin-token.aa"]);
	await delivery.keep("the-token", "aa");
	expect(await readFile(path, "utf8")).toBe("the-token\n");
	expect((await stat(path)).mode & 0o777).toBe(0o600);
	expect((await stat(join(folder.path, "server"))).mode & 0o777).toBe(0o700);
	expect(told).toEqual([path]);
});

test("a token that lost leaves nothing, and the winner's is not touched", async () => {
	await using folder = await temporaryDirectory("token");
	const path = join(folder.path, "admin-token");
	const delivery = fileDelivery(path, () => {});
	await delivery.prepare("winner", "aa");
	await delivery.prepare("loser", "bb");
	await delivery.keep("winner", "aa");
	await delivery.discard("bb");
	expect(await readdir(folder.path)).toEqual(["admin-token"]);
	expect(await readFile(path, "utf8")).toBe("winner\n");
});

test("a crash before the token was kept is made good at the next start", async () => {
	await using folder = await temporaryDirectory("token");
	const path = join(folder.path, "admin-token");
	await fileDelivery(path, () => {}).prepare("the-token", "aa");
	const told: string[] = [];
	const next = fileDelivery(path, (where) => told.push(where));
	await next.recover("other");
	expect(told).toEqual([]);
	await next.recover("aa");
	expect(await readFile(path, "utf8")).toBe("the-token\n");
	expect(told).toEqual([path]);
	await next.recover("aa");
});
