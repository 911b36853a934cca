import { describe, expect, test } from "bun:test";
import type { ArgsDef } from "citty";
import { runCommand } from "citty";
import { canonicalLine, parseLine } from "../../../src/cli/arguments.ts";
import { command, commandMap } from "../../../src/cli/command.ts";
import { CliError } from "../../../src/cli/errors.ts";
import { nearest, typingDistance } from "../../../src/cli/suggest.ts";
import { taco } from "./terminal.ts";

const args = {
	unit: { type: "positional", required: true },
	path: { type: "positional", required: false },
	file: { type: "string", alias: "f" },
	label: { type: "string", alias: "l" },
	yes: { type: "boolean", alias: ["y"] },
	verbose: { type: "boolean", alias: "v" },
	shell: { type: "enum", options: ["bash", "fish"] },
	"if-locked-by": { type: "string" },
} as const satisfies ArgsDef;
const set = { args, repeatable: new Set(["label"]) };

function parse(...words: string[]): { flags: Record<string, string[]>; rest: readonly string[] } {
	const line = parseLine(words, set, "taco x");
	const flags = Object.fromEntries([...line.flags].map(([name, values]) => [name, [...values]]));
	return { flags, rest: line.positionals };
}

function refusal(...words: string[]): CliError {
	try {
		const line = parseLine(words, set, "taco x");
		canonicalLine(line, args, "taco x");
	} catch (error) {
		expect(error).toBeInstanceOf(CliError);
		expect((error as CliError).code).toBe("usage");
		return error as CliError;
	}
	throw new Error(`accepted: ${words.join(" ")}`);
}

describe("flags", () => {
	test("in all their spellings", () => {
		const file = { flags: { file: ["a"] }, rest: ["u"] };
		expect(parse("u", "-f", "a")).toEqual(file);
		expect(parse("-fa", "u")).toEqual(file);
		expect(parse("u", "-f=a")).toEqual(file);
		expect(parse("--file", "a", "u")).toEqual(file);
		expect(parse("--file=a", "u")).toEqual(file);
		expect(parse("u", "--file=")).toEqual({ flags: { file: [""] }, rest: ["u"] });
		expect(parse("u", "--file=-x=y")).toEqual({ flags: { file: ["-x=y"] }, rest: ["u"] });
		expect(parse("-yf", "a", "u")).toEqual({ flags: { yes: ["true"], file: ["a"] }, rest: ["u"] });
		expect(parse("-f", "-", "u")).toEqual({ flags: { file: ["-"] }, rest: ["u"] });
	});

	test("repeatable ones keep all values, others come once", () => {
		expect(parse("-l", "a=1", "--label=b=2", "-lc=3").flags).toEqual({
			label: ["a=1", "b=2", "c=3"],
		});
		expect(refusal("u", "-f", "a", "--file", "b").message).toBe("--file is given twice");
		expect(parse("-y", "-y").flags).toEqual({ yes: ["true"] });
	});

	test("after -- there are none", () => {
		expect(parse("--", "-f", "--help")).toEqual({ flags: {}, rest: ["-f", "--help"] });
		expect(parse("-y", "--", "--")).toEqual({ flags: { yes: ["true"] }, rest: ["--"] });
	});

	test("a missing value does not eat the next flag", () => {
		expect(refusal("u", "--file").message).toBe("--file needs a value");
		expect(refusal("u", "--file", "--yes").message).toBe("--file needs a value");
		expect(refusal("u", "-f", "-y").message).toBe("-f needs a value");
		expect(refusal("u", "--yes=maybe").message).toBe("--yes takes no value");
	});

	test("unknown ones are refused, with the nearest", () => {
		expect(refusal("u", "--flie", "a").hint).toBe("did you mean --file?");
		expect(refusal("u", "--if-locked").hint).toBe("did you mean --if-locked-by?");
		expect(refusal("u", "-file", "a").hint).toBe("did you mean --file?");
		expect(refusal("u", "-yes").hint).toBe("did you mean --yes?");
		expect(refusal("u", "--dry-rnu").message).toBe("unknown flag --dry-rnu of taco x");
		expect(refusal("u", "--no-yes").message).toBe("unknown flag --no-yes of taco x");
		expect(refusal("u", "--unit", "v").message).toBe("unknown flag --unit of taco x");
		expect(refusal("u", "--f", "a").message).toBe("unknown flag --f of taco x");
		for (const word of [
			"--constructor",
			"--toString",
			"--__proto__",
			"-",
			"--ifLockedBy",
			"---f",
		]) {
			if (word !== "-") expect(refusal("u", word).message).toContain("unknown flag");
		}
	});

	test("of a few words take only those", () => {
		expect(parse("--shell", "fish").flags).toEqual({ shell: ["fish"] });
		expect(refusal("u", "--shell", "fsh").hint).toBe("did you mean fish?");
	});
});

describe("arguments", () => {
	test("are counted", () => {
		expect(refusal().message).toBe("taco x needs <unit>");
		expect(refusal("a", "b", "c").message).toBe("taco x takes at most 2 arguments; 1 too many");
	});

	test("citty reads the canonical line as it was meant", async () => {
		const words = ["--yes=false", "-f", "a=b", "--", "-u", "--yes"];
		const line = canonicalLine(parseLine(words, set, "taco x"), args, "taco x");
		expect(line).toEqual(["--file=a=b", "--", "-u", "--yes"]);
		let seen: unknown;
		const probe = command({
			args,
			run: async (_, given) => {
				seen = { ...given };
			},
		});
		await runCommand(probe.citty, { rawArgs: line });
		expect(seen).toMatchObject({ unit: "-u", path: "--yes", file: "a=b" });
		expect((seen as { yes?: boolean }).yes).not.toBe(true);
	});
});

test("the distance counts typing errors", () => {
	expect(typingDistance("dry-rnu", "dry-run")).toBe(1);
	expect(typingDistance("lss", "ls")).toBe(1);
	expect(typingDistance("", "abc")).toBe(3);
	expect(nearest("verison", ["version", "versions"])).toBe("version");
	expect(nearest("xyzzy", ["version", "ls"])).toBeNull();
	expect(nearest("x".repeat(100_000), ["version"])).toBeNull();
});

describe("commands", () => {
	let ran: unknown[] = [];
	const echo = command({
		args: { word: { type: "positional", required: false }, loud: { type: "boolean" } },
		run: async (cli, given) => {
			ran.push([given.word, given.loud === true, cli.output.json]);
		},
	});
	const commands = commandMap({
		echo: { summary: "Echo", aliases: ["say"], load: async () => echo },
		group: {
			summary: "Group",
			children: commandMap({ deep: { summary: "Deep", load: async () => echo } }),
		},
		raw: {
			summary: "Raw",
			load: async () => ({
				passthrough: async (argv) => {
					ran.push(argv);
					return 9;
				},
				help: async () => "raw help\n",
			}),
		},
		fails: {
			summary: "Fails",
			load: async () =>
				command({
					args: {},
					run: () => Promise.reject(new Error("a defect")),
				}),
		},
	});
	const options = { cwd: "/nowhere", commands };

	test("global flags stand anywhere", async () => {
		ran = [];
		for (const argv of [
			["--json", "echo", "hi"],
			["echo", "--json", "hi"],
			["echo", "hi", "-o", "json"],
			["say", "hi", "--output=json"],
			["-o", "json", "group", "deep", "hi"],
			["group", "--json", "deep", "hi"],
		]) {
			expect(await taco(argv, options)).toEqual({ code: 0, out: "", err: "" });
		}
		expect(ran).toEqual(Array(6).fill(["hi", false, true]));
	});

	test("names of Object's own are no commands", async () => {
		for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"]) {
			for (const argv of [[name], ["group", name]]) {
				const { code, out, err } = await taco(argv, options);
				expect({ code, out }).toEqual({ code: 2, out: "" });
				expect(err).toContain("unknown command");
			}
		}
	});

	test("typing errors get a suggestion", async () => {
		expect((await taco(["ehco"], options)).err).toContain("did you mean taco echo?");
		expect((await taco(["deep"], options)).err).toContain("did you mean taco group deep?");
		expect((await taco(["group", "dep"], options)).err).toContain("did you mean taco group deep?");
		expect((await taco(["--jsn", "echo"], options)).err).toContain("did you mean --json?");
		expect((await taco(["--loud", "echo"], options)).code).toBe(2);
	});

	test("a group without a command is an error that shows the help; --help is none", async () => {
		const missing = await taco(["group"], options);
		expect(missing.code).toBe(2);
		expect(missing.out).toBe("");
		expect(missing.err).toContain("Usage: taco group <command>");
		for (const argv of [["group", "--help"], ["--help", "group"], ["-h"]]) {
			const asked = await taco(argv, options);
			expect(asked.code).toBe(0);
			expect(asked.err).toBe("");
			expect(asked.out).toContain("Usage: taco");
		}
	});

	test("--help never runs the command, and after -- it is no flag", async () => {
		ran = [];
		for (const argv of [
			["echo", "--help"],
			["--help", "echo", "x"],
			["echo", "x", "-h"],
		]) {
			expect((await taco(argv, options)).out).toContain("Usage: taco echo [word] [flags]");
		}
		expect(ran).toEqual([]);
		await taco(["echo", "--", "--help"], options);
		expect(ran).toEqual([["--help", false, false]]);
	});

	test("a command with a command line of its own gets all of it", async () => {
		ran = [];
		const argv = ["-v", "raw", "-storage", "memory", "--", "--help"];
		expect((await taco(argv, options)).code).toBe(9);
		expect(ran).toEqual([["-v", "-storage", "memory", "--", "--help"]]);
		expect((await taco(["raw", "--help"], options)).out).toBe("raw help\n");
	});

	test("a defect is one sentence and 1; with --json one line", async () => {
		const plain = await taco(["fails"], options);
		expect(plain.code).toBe(1);
		expect(plain.err).toContain("error: a defect\n");
		expect(plain.err).not.toContain("at ");
		const json = await taco(["fails", "--json"], options);
		expect(json.err.split("\n").length).toBe(2);
		expect(JSON.parse(json.err)).toMatchObject({ error: "unexpected", message: "a defect" });
	});

	test("wrong global values are usage errors", async () => {
		for (const argv of [
			["echo", "--timeout", "soon"],
			["echo", "--timeout", "0"],
			["echo", "--timeout", "2h"],
			["echo", "-o", "yaml"],
			["echo", "--json=please"],
			["--server"],
		]) {
			expect((await taco(argv, options)).code).toBe(2);
		}
	});
});
