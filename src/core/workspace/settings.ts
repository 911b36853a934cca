/**
 * What a workspace has beside its unit: settings as the TFE API names them, kept and returned.
 * Runs on the server do not exist yet, so a new workspace executes locally, and what is about runs
 * is kept for whoever asks for it.
 */
import { isSame } from "../../lib/is-same.ts";
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { SettingValue } from "../unit/record.ts";

interface SettingRule {
	readonly initial: SettingValue;
	/** What a good value is, for people. */
	readonly wants: string;
	/** The value as it is kept, or undefined when it is not acceptable. */
	readonly read: (value: unknown) => SettingValue | undefined;
}

function isText(value: unknown): value is string {
	return typeof value === "string" && Buffer.byteLength(value) <= limits.workspaceTextBytesMax;
}

const flag = (initial: boolean): SettingRule => ({
	initial,
	wants: "true or false",
	read: (value) => (typeof value === "boolean" ? value : undefined),
});

const text = (initial: string): SettingRule => ({
	initial,
	wants: `a text of at most ${limits.workspaceTextBytesMax} bytes`,
	read: (value) => (isText(value) ? value : undefined),
});

const textOrNull = (initial: string | null): SettingRule => ({
	...text(""),
	initial,
	read: (value) => (value === null || isText(value) ? value : undefined),
});

const texts = (): SettingRule => ({
	initial: [],
	wants: `a list of at most ${limits.workspaceTriggersMax} texts`,
	read(value) {
		if (value === null) return [];
		if (!Array.isArray(value) || value.length > limits.workspaceTriggersMax) return undefined;
		return value.every(isText) ? value : undefined;
	},
});

const oneOf = (initial: string, ...values: string[]): SettingRule => ({
	initial,
	wants: values.join(", "),
	read: (value) => (typeof value === "string" && values.includes(value) ? value : undefined),
});

const constraint = /^(?:=|!=|>=|<=|>|<|~>)? *\d+(?:\.\d+){0,2}(?:[-+][0-9A-Za-z.+-]+)?$/;

/** A version, constraints on versions with commas between them, or `latest`. */
const terraformVersion: SettingRule = {
	// Any client may write: several engines and versions share a workspace.
	initial: "latest",
	wants: "a version, a constraint on versions, or `latest`",
	read: (value) =>
		isText(value) &&
		(value === "latest" || value.split(",").every((part) => constraint.test(part.trim())))
			? value
			: undefined,
};

const timeOrNull: SettingRule = {
	initial: null,
	wants: "a time in ISO 8601, or null",
	read(value) {
		if (value === null || value === "") return null;
		if (!isText(value) || !/^\d{4}-\d\d-\d\dT/.test(value)) return undefined;
		const time = Date.parse(value);
		return Number.isNaN(time) ? undefined : new Date(time).toISOString();
	},
};

const durationOrNull: SettingRule = {
	initial: null,
	wants: "a duration such as `14d` or `2h`, or null",
	read(value) {
		if (value === null || value === "") return null;
		return typeof value === "string" && /^[1-9][0-9]{0,3}[dh]$/.test(value) ? value : undefined;
	},
};

const executionModes = ["local", "remote"];
const executionMode = "execution-mode";

/** Names and initial values, as in the vendor's API. */
const rules: Readonly<Record<string, SettingRule>> = {
	"allow-destroy-plan": flag(true),
	"assessments-enabled": flag(false),
	"auto-apply": flag(false),
	"auto-apply-run-trigger": flag(false),
	"auto-destroy-activity-duration": durationOrNull,
	"auto-destroy-at": timeOrNull,
	description: textOrNull(null),
	[executionMode]: oneOf("local", ...executionModes),
	"file-triggers-enabled": flag(true),
	"global-remote-state": flag(false),
	"inherits-project-auto-destroy": flag(true),
	"project-remote-state": flag(false),
	"queue-all-runs": flag(false),
	"source-name": textOrNull(null),
	"source-url": textOrNull(null),
	"speculative-enabled": flag(true),
	"structured-run-output-enabled": flag(true),
	"terraform-version": terraformVersion,
	"trigger-patterns": texts(),
	"trigger-prefixes": texts(),
	"working-directory": textOrNull(""),
};

/** Whether the mode is the workspace's own, and not what the project or the server has. */
const overwritesMode = "overwrites-execution-mode";

export type WorkspaceSettings = Readonly<Record<string, SettingValue>>;

/** What a workspace has that nobody has changed. */
const initialSettings: WorkspaceSettings = Object.fromEntries(
	Object.entries(rules).map(([name, rule]) => [name, rule.initial]),
);

/** All settings, of those that are kept: the ones that are not as they are for every workspace. */
export function allSettings(kept: WorkspaceSettings): WorkspaceSettings {
	const { [overwritesMode]: _, ...settings } = kept;
	return { ...initialSettings, ...settings };
}

/** Whether the workspace has an execution mode of its own. */
export function hasOwnMode(kept: WorkspaceSettings): boolean {
	return kept[overwritesMode] === true;
}

/**
 * The settings among the given attributes; others are not ours to keep. `operations` is the old
 * name of the execution mode. Fails with `invalid_request` naming the setting.
 */
export function settingsIn(attributes: Readonly<Record<string, unknown>>): WorkspaceSettings {
	const settings: Record<string, SettingValue> = {};
	refuseAgents(attributes[executionMode]);
	for (const [name, rule] of Object.entries(rules)) {
		const given = attributes[name];
		if (given === undefined) continue;
		const value = rule.read(given);
		if (value === undefined) throw notAcceptable(name, rule.wants);
		settings[name] = value;
	}
	checkTriggers(settings);
	checkAbsent(attributes);
	return { ...settings, ...modeIn(attributes, settings[executionMode]) };
}

/** What the attributes say of the execution mode, and whose it is. */
function modeIn(
	attributes: Readonly<Record<string, unknown>>,
	mode: SettingValue | undefined,
): WorkspaceSettings {
	const overwrites = attributes["setting-overwrites"];
	const wish =
		typeof overwrites === "object" && overwrites !== null && executionMode in overwrites
			? overwrites[executionMode]
			: undefined;
	if (wish !== undefined && typeof wish !== "boolean") {
		throw notAcceptable("setting-overwrites", "an object of true and false");
	}
	if (wish === false) return { [executionMode]: "local", [overwritesMode]: false };
	if (mode !== undefined) return { [overwritesMode]: true };
	if (typeof attributes.operations === "boolean") {
		return { [executionMode]: attributes.operations ? "remote" : "local", [overwritesMode]: true };
	}
	return wish === undefined ? {} : { [overwritesMode]: true };
}

/** Fails with `invalid_request` for the mode `agent`: no pool of agents can be named here. */
export function refuseAgents(mode: unknown): void {
	if (mode !== "agent") return;
	throw new DomainError(
		"invalid_request",
		"an agent pool must be specified when using 'agent' execution mode",
		{ hint: "this server has no agents: use local or remote" },
	);
}

/** The mode as it is kept. Fails with `invalid_request` naming the setting. */
export function executionModeOf(name: string, value: unknown): string {
	refuseAgents(value);
	const mode = executionModes.find((one) => one === value);
	if (mode !== undefined) return mode;
	throw notAcceptable(name, executionModes.join(", "));
}

function notAcceptable(name: string, wants: string): DomainError {
	return new DomainError("invalid_request", `the setting ${name} is not acceptable`, {
		hint: `it takes ${wants}`,
	});
}

function checkTriggers(settings: WorkspaceSettings): void {
	const isGiven = (name: string) => ((settings[name] as readonly string[]) ?? []).length > 0;
	if (!isGiven("trigger-prefixes") || !isGiven("trigger-patterns")) return;
	throw new DomainError(
		"invalid_request",
		"trigger-prefixes and trigger-patterns exclude each other",
		{ hint: "send one of them, and the other as an empty list" },
	);
}

function checkSharing(before: WorkspaceSettings, after: WorkspaceSettings): void {
	const shares = ["global-remote-state", "project-remote-state"];
	if (!shares.every((name) => after[name] === true)) return;
	// What was kept so is no reason to refuse other changes.
	if (shares.every((name) => before[name] === true)) return;
	throw new DomainError(
		"invalid_request",
		"Project remote state cannot be enabled when global remote state sharing is enabled",
		{ hint: "turn one of them off" },
	);
}

/** What this server does not have must not seem to be set. */
const absent: Readonly<Record<string, string>> = {
	"agent-pool-id": "agents",
	"vcs-repo": "connections to version control",
};

function checkAbsent(attributes: Readonly<Record<string, unknown>>): void {
	for (const [name, what] of Object.entries(absent)) {
		const given = attributes[name];
		if (given === undefined || given === null || given === "") continue;
		throw new DomainError("invalid_request", `this server has no ${what}`, {
			hint: `leave out ${name}`,
		});
	}
}

/** The settings after a change, as they are kept. Fails with `too_large`, `invalid_request`. */
export function changedSettings(
	kept: WorkspaceSettings,
	change: WorkspaceSettings,
): WorkspaceSettings {
	const all: WorkspaceSettings = { ...kept, ...change };
	checkSharing(kept, all);
	const others = Object.entries(all).filter(
		([name, value]) => !isSame(value, initialSettings[name] ?? false),
	);
	const changed = Object.fromEntries(others);
	const limitBytes = limits.workspaceSettingsBytesMax;
	if (Buffer.byteLength(JSON.stringify(changed)) <= limitBytes) return changed;
	throw new DomainError("too_large", "the workspace's settings are too large", {
		hint: `all of them may take ${limitBytes} bytes`,
		details: { limitBytes },
	});
}
