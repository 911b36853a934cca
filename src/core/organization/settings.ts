/**
 * What an organization has beside what is in it: settings as the TFE API names them, kept and
 * returned. They lie in the organization's own part of the store.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Caller } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import { executionModeOf } from "../workspace/settings.ts";

export type OrganizationSettings = Readonly<Record<string, string | boolean | number | null>>;

type Accepts = (value: unknown) => boolean;

const isFlag: Accepts = (value) => typeof value === "boolean";
const isText: Accepts = (value) =>
	typeof value === "string" && Buffer.byteLength(value) <= limits.workspaceTextBytesMax;
const isMinutes: Accepts = (value) =>
	value === null || (Number.isSafeInteger(value) && Number(value) >= 0);
const isOneOf =
	(...words: string[]): Accepts =>
	(value) =>
		typeof value === "string" && words.includes(value);

interface SettingRule {
	readonly initial: string | boolean | number | null;
	readonly accepts: Accepts;
	/** What to do about what is not accepted. */
	readonly hint?: string;
}

/** Initial values, and what may take their place. */
const rules: Readonly<Record<string, SettingRule>> = {
	"aggregated-commit-status-enabled": { initial: false, accepts: isFlag },
	"allow-force-delete-workspaces": { initial: true, accepts: isFlag },
	"assessments-enforced": { initial: false, accepts: isFlag },
	"collaborator-auth-policy": {
		initial: "password",
		accepts: isOneOf("password", "two_factor_mandatory"),
	},
	"cost-estimation-enabled": { initial: false, accepts: isFlag },
	"default-execution-mode": {
		initial: "local",
		accepts: (value) => executionModeOf("default-execution-mode", value) !== "",
	},
	email: { initial: "", accepts: isText },
	"owners-team-saml-role-id": {
		initial: null,
		accepts: (value) => value === null || isText(value),
	},
	"send-passing-statuses-for-untriggered-speculative-plans": { initial: false, accepts: isFlag },
	"session-remember": { initial: null, accepts: isMinutes },
	"session-timeout": { initial: null, accepts: isMinutes },
	"speculative-plan-management-enabled": { initial: true, accepts: isFlag },
	"user-tokens-enabled": {
		initial: true,
		accepts: (value) => value === true,
		hint: "tokens of people always count here: leave it true",
	},
};

const initialSettings: OrganizationSettings = Object.fromEntries(
	Object.entries(rules).map(([name, { initial }]) => [name, initial]),
);

/** The settings among the given attributes; others are not ours to keep. Fails with `invalid_request`. */
export function organizationSettingsIn(
	attributes: Readonly<Record<string, unknown>>,
): OrganizationSettings {
	const settings: Record<string, string | boolean | number | null> = {};
	for (const [name, { accepts, hint }] of Object.entries(rules)) {
		const value = attributes[name];
		if (value === undefined) continue;
		if (!accepts(value)) {
			throw new DomainError("invalid_request", `the setting ${name} is not acceptable`, {
				hint: hint ?? "",
			});
		}
		settings[name] = value as string | boolean | number | null;
	}
	return settings;
}

/** Reads and changes the settings of one organization. */
export class OrganizationSettingsService {
	readonly #gate: Gate;
	readonly #register: Register<OrganizationSettings>;

	constructor(deps: RegisterDeps & { readonly gate: Gate }) {
		this.#gate = deps.gate;
		this.#register = new Register(deps, "organization", parseSettings);
	}

	/** For whoever is let into the organization. Fails as Register.read. */
	async read(): Promise<OrganizationSettings> {
		const { value } = await this.#register.readCached(limits.organizationsFreshMs);
		return { ...initialSettings, ...value };
	}

	/** Whether the caller may change them. Fails as the gate. */
	async mayUpdate(caller: Caller): Promise<boolean> {
		return await this.#gate.may(caller, "system.manage", everything);
	}

	/** Fails with `forbidden`, or as Register.update. */
	async update(caller: Caller, change: OrganizationSettings): Promise<OrganizationSettings> {
		const grant = await this.#gate.authorize(caller, "system.manage", everything);
		return await this.#register.update<OrganizationSettings>(grant, (value) => {
			const before: OrganizationSettings = { ...initialSettings, ...value };
			const isSame = Object.entries(change).every(([name, setting]) => before[name] === setting);
			if (isSame) return { answer: before };
			const settings = { ...before, ...change };
			return { operation: "organization.update", value: settings, result: settings };
		});
	}
}

function parseSettings(value: unknown): OrganizationSettings {
	if (typeof value === "object" && value !== null && !Array.isArray(value)) {
		return value as OrganizationSettings;
	}
	throw new DomainError("storage_corrupt", "the settings of the organization are not readable");
}
