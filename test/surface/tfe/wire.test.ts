/** What terraform 1.11.4 sent to a cloud backend, replayed: each line of the fixture is one recording. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTestApp, stateText } from "../test-app.ts";

interface Document {
	readonly data?: {
		readonly type?: string;
		readonly attributes?: Readonly<Record<string, unknown>>;
	};
}

interface Step {
	readonly command: string;
	readonly method: string;
	readonly target: string;
	/** What the recording's server answered; terraform went on or stopped accordingly. */
	readonly status: number;
	readonly body?: Document;
	/** Somebody else takes the lock, or gives it back. */
	readonly before?: "lock" | "unlock";
}

interface Session {
	readonly name: string;
	readonly steps: readonly Step[];
}

interface Answer {
	readonly data?: {
		readonly id?: string;
		readonly type?: string;
		readonly attributes?: Readonly<Record<string, unknown>>;
	};
}

const sessions: readonly Session[] = readFileSync(
	join(import.meta.dir, "../../fixtures/wire/cloud.jsonl"),
	"utf8",
)
	.trim()
	.split("\n")
	.map((line) => JSON.parse(line));

function pathOf(url: unknown): string {
	const { pathname } = new URL(String(url));
	return pathname;
}

/** Puts our ids and addresses where the recording has its own. */
class Translation {
	readonly #workspaces = new Map<string, string>();
	#lastWorkspace = "";
	#version: Answer["data"];
	#announced: Answer["data"];
	#sensitive = "";
	#project = "";
	#state = "";
	/** What was announced under which id. */
	readonly states = new Map<string, string>();

	target(recorded: string, method: string): string {
		if (recorded.startsWith("/blob/json/")) {
			return pathOf(this.#announced?.attributes?.["hosted-json-state-upload-url"]);
		}
		if (recorded.startsWith("/blob/state/")) {
			return method === "PUT"
				? pathOf(this.#announced?.attributes?.["hosted-state-upload-url"])
				: pathOf(this.#version?.attributes?.["hosted-state-download-url"]);
		}
		return recorded
			.replace(/\/ws-[0-9]+/, (id) => `/${this.#workspace(id.slice(1))}`)
			.replace(/prj-[0-9]+/, this.#project)
			.replace(/\/sv-[0-9]+/, `/${this.#announced?.id ?? ""}`)
			.replace(/\/wsout-[^/]+/, `/${this.#sensitive}`);
	}

	#workspace(recorded: string): string {
		const known = this.#workspaces.get(recorded);
		if (known !== undefined) return known;
		this.#workspaces.set(recorded, this.#lastWorkspace);
		return this.#lastWorkspace;
	}

	body({ target, method, body }: Step): string | undefined {
		if (target.startsWith("/blob/")) return method === "PUT" ? this.#state : undefined;
		const attributes = body?.data?.attributes;
		if (attributes?.md5 !== undefined) {
			const { serial, lineage } = attributes;
			this.#state = stateText(Number(serial), `v${serial}`, String(lineage) || undefined);
			const md5 = createHash("md5").update(this.#state).digest("hex");
			return JSON.stringify({ data: { ...body?.data, attributes: { ...attributes, md5 } } });
		}
		return body === undefined
			? undefined
			: JSON.stringify(body).replace(/prj-[0-9]+/, this.#project);
	}

	note(answer: unknown): void {
		const { data } = answer as Answer & { data?: unknown };
		if (Array.isArray(data)) {
			const project = data.find((one) => one.type === "projects");
			if (project !== undefined) this.#project = project.id;
			const output = data.find((one) => one.type === "state-version-outputs");
			if (output !== undefined) this.#sensitive = output.id;
			return;
		}
		if (data?.type === "projects") this.#project = data.id ?? "";
		if (data?.type === "workspaces") this.#lastWorkspace = data.id ?? "";
		if (data?.type === "state-versions") this.#version = data;
		if (data?.attributes?.["hosted-state-upload-url"] === undefined) return;
		this.#announced = data;
		this.states.set(data.id ?? "", this.#state);
	}
}

for (const { name, steps } of sessions) {
	test(`${name}: ${steps.length} requests`, async () => {
		await using app = createTestApp();
		const translation = new Translation();
		let holder = "";
		for (const [index, step] of steps.entries()) {
			if (step.before !== undefined) {
				if (step.before === "lock") holder = `somebody-else-${index}`;
				const method = step.before.toUpperCase();
				await app.send(method, "/v1/backend/app", { body: JSON.stringify({ ID: holder }) });
			}
			const body = translation.body(step);
			const path = translation.target(step.target, step.method);
			const isUpload = step.method === "PUT" && step.target.startsWith("/blob/");
			const response = await app.send(step.method, path, {
				headers: { "content-type": "application/vnd.api+json", "user-agent": "go-tfe" },
				...(body === undefined ? {} : { body }),
				...(isUpload ? { as: "nobody" } : {}),
			});
			const text = await response.text();
			const seen = { index, command: step.command, target: step.target, body: text };
			expect({ ...seen, status: response.status }).toMatchObject({ status: step.status });
			if (text.startsWith('{"data"')) translation.note(JSON.parse(text));
			if (step.target.startsWith("/blob/state/") && step.method === "GET") {
				const id = /\/(sv-[^/]+)\/download$/.exec(path)?.[1] ?? "";
				expect(text).toBe(translation.states.get(id) ?? "a state that was announced");
			}
		}
	});
}
