/**
 * The executable runs inside other people's repositories. Bun's own settings files lying there must
 * neither run code in it nor change what it does.
 */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const hostileAddress = "http://127.0.0.1:9/hostile";
const plantedCode = 'await Bun.write("was-run", "");\nprocess.stdout.write("PLANTED\\n");\n';

/** Every file by which a plain Bun would take orders from its current directory. */
const plantedFiles: Readonly<Record<string, string>> = {
	"bunfig.toml": 'preload = ["./planted.ts"]\n\n[run]\nsilent = true\n',
	"planted.ts": plantedCode,
	".env": `OPENTACO_SERVER=${hostileAddress}\nOPENTACO_TOKEN=planted\nBUN_OPTIONS=--preload=./planted.ts\n`,
	".env.production": `OPENTACO_SERVER=${hostileAddress}\n`,
	".env.local": `OPENTACO_SERVER=${hostileAddress}\n`,
	"tsconfig.json": JSON.stringify({
		compilerOptions: { paths: { "*": ["./planted.ts"] }, jsxImportSource: "./planted" },
	}),
	"package.json": JSON.stringify({
		name: "planted",
		type: "commonjs",
		imports: { "#*": "./planted.ts" },
		exports: "./planted.ts",
	}),
	"node_modules/elysia/index.js": plantedCode,
	"node_modules/citty/index.js": plantedCode,
	"cli/index.ts": plantedCode,
	"src/main.ts": plantedCode,
};

async function hostileDirectory() {
	const folder = await temporaryDirectory("hostile");
	for (const [name, text] of Object.entries(plantedFiles)) {
		const path = join(folder.path, name);
		await mkdir(join(path, ".."), { recursive: true });
		await Bun.write(path, text);
	}
	return folder;
}

test("the version is printed and nothing planted runs", async () => {
	await using folder = await hostileDirectory();
	await using empty = await temporaryDirectory("empty");
	const there = await runTaco(["--version"], { cwd: folder.path });
	const elsewhere = await runTaco(["--version"], { cwd: empty.path });
	expect(there).toEqual(elsewhere);
	expect(there.exitCode).toBe(0);
	expect(there.stdout).toMatch(/\d+\.\d+\.\d+/);
	expect(existsSync(join(folder.path, "was-run"))).toBe(false);
});

test("a command that loads most of the program runs nothing planted either", async () => {
	await using folder = await hostileDirectory();
	await using empty = await temporaryDirectory("empty");
	const there = await runTaco(["serve", "--help"], { cwd: folder.path });
	const elsewhere = await runTaco(["serve", "--help"], { cwd: empty.path });
	expect(there).toEqual(elsewhere);
	expect(there.exitCode).toBe(0);
	expect(existsSync(join(folder.path, "was-run"))).toBe(false);
});

test("the files would act on a plain Bun: the test can fail", async () => {
	await using folder = await hostileDirectory();
	await Bun.write(join(folder.path, "harmless.ts"), "");
	const child = Bun.spawn([process.execPath, "harmless.ts"], {
		cwd: folder.path,
		env: { PATH: process.env.PATH ?? "", HOME: folder.path },
		stdio: ["ignore", "ignore", "ignore"],
	});
	await child.exited;
	expect(existsSync(join(folder.path, "was-run"))).toBe(true);
});
