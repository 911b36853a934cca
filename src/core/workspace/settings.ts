/**
 * What a workspace has beside its unit: settings as the TFE API names them, kept and returned.
 * Runs on the server do not exist yet, so a new workspace executes locally.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";

export type SettingValue = string | boolean | null;

interface SettingRule {
	readonly initial: SettingValue;
	readonly accepts: (value: unknown) => boolean;
}

const flag = (initial: boolean): SettingRule => ({
	initial,
	accepts: (value) => typeof value === "boolean",
});

const text = (initial: string | null): SettingRule => ({
	initial,
	accepts: (value) =>
		value === null ||
		(typeof value === "string" && Buffer.byteLength(value) <= limits.workspaceTextBytesMax),
});

const oneOf = (initial: string, ...values: string[]): SettingRule => ({
	initial,
	accepts: (value) => typeof value === "string" && values.includes(value),
});

/** Names and initial values, as in the vendor's API. */
const rules: Readonly<Record<string, SettingRule>> = {
	"allow-destroy-plan": flag(true),
	"assessments-enabled": flag(false),
	"auto-apply": flag(false),
	"auto-apply-run-trigger": flag(false),
	description: text(null),
	"execution-mode": oneOf("local", "local", "remote", "agent"),
	"file-triggers-enabled": flag(true),
	"global-remote-state": flag(false),
	"queue-all-runs": flag(false),
	"source-name": text(null),
	"source-url": text(null),
	"speculative-enabled": flag(true),
	"structured-run-output-enabled": flag(true),
	// Any client may write: several engines and versions share a workspace.
	"terraform-version": text("latest"),
	"working-directory": text(""),
};

export type WorkspaceSettings = Readonly<Record<string, SettingValue>>;

/** What a workspace has that nobody has changed. */
export const initialSettings: WorkspaceSettings = Object.fromEntries(
	Object.entries(rules).map(([name, rule]) => [name, rule.initial]),
);

/**
 * The settings among the given attributes; others are not ours to keep. `operations` is the old
 * name of the execution mode. Fails with `invalid_request` naming the setting.
 */
export function settingsIn(attributes: Readonly<Record<string, unknown>>): WorkspaceSettings {
	const settings: Record<string, SettingValue> = {};
	if (typeof attributes.operations === "boolean" && attributes["execution-mode"] === undefined) {
		settings["execution-mode"] = attributes.operations ? "remote" : "local";
	}
	for (const [name, rule] of Object.entries(rules)) {
		const value = attributes[name];
		if (value === undefined) continue;
		if (!rule.accepts(value)) {
			throw new DomainError("invalid_request", `the setting ${name} is not acceptable`);
		}
		settings[name] = value as SettingValue;
	}
	return settings;
}
