/**
 * The decision: one pure function, used by the gate and by `rbac test` alike. What no rule allows is
 * denied; a rule that denies wins over every rule that allows; the order and the number of times in
 * which rules, roles and assignments stand never matter.
 */
import { type Principal, provenBy } from "../principal.ts";
import { type Action, everyAction, includedIn, outputAction } from "./action.ts";
import { type Assignment, adminRole, type Policy } from "./model.ts";
import {
	coversEverything,
	coversOutput,
	coversUnit,
	everything,
	type Labels,
	parseResource,
	type Resource,
} from "./resource.ts";
import { type Rule, ruleText } from "./rule.ts";

export interface DecisionInput {
	/** null: there are no roles yet. */
	readonly policy: Policy | null;
	/** Verified e-mail addresses, in lower case, of those who may always do everything. */
	readonly admins: ReadonlySet<string>;
	readonly principal: Principal;
	/** What the principal has by their teams. */
	readonly fromTeams?: TeamRules;
	readonly action: Action;
	/** A unit's id, or `*` for what belongs to no unit. */
	readonly resource: string;
	/** The unit's; empty for `*` and for a unit that does not exist. */
	readonly labels: Labels;
	/** For `unit.read-outputs`: the one output that is asked about; without it, whether any may be read. */
	readonly output?: string | undefined;
}

/** A rule that applied. */
export interface AppliedRule {
	readonly role: string;
	readonly permission: string;
	readonly rule: string;
}

export interface AccessDecision {
	readonly allowed: boolean;
	/** For people. */
	readonly reason: string;
	/** Ids of the roles that the principal has, wherever they hold. */
	readonly roles: readonly string[];
	readonly rules: readonly AppliedRule[];
}

/** A rule with the role that brings it. */
export interface GivenRule {
	readonly role: string;
	readonly permission: string;
	readonly rule: Rule;
}

/** What somebody has by their teams. */
export interface TeamRules {
	readonly roles: readonly string[];
	readonly rules: readonly GivenRule[];
	/** Rules about single units, by their ids: a team may have thousands, and a list ask about each. */
	readonly ofUnits: readonly ReadonlyMap<string, readonly GivenRule[]>[];
}

const noTeamRules: TeamRules = { roles: [], rules: [], ofUnits: [] };

interface HeldRule extends GivenRule {
	/** Where the assignment holds; null: everywhere. */
	readonly within: Resource | null;
	/** False: the credential does not bring this role, so that only its denials count. */
	readonly mayAllow: boolean;
}

/** Everything of the document that concerns one principal. */
export interface Standing {
	readonly isAdmin: boolean;
	readonly isEnabled: boolean;
	readonly roles: readonly string[];
	readonly rules: readonly HeldRule[];
	/** Rules of teams about single units, by their ids. */
	readonly ofUnits: TeamRules["ofUnits"];
	/** The roles that the credential is narrowed to; null: all of them. */
	readonly narrowed: readonly string[] | null;
	/** What the credential is narrowed to; null: every unit. */
	readonly units: readonly Resource[] | null;
}

/** Decides. Never throws. */
export function decide(input: DecisionInput): AccessDecision {
	const { policy, admins, principal, fromTeams } = input;
	const standing = standingOf(policy, admins, principal, fromTeams);
	return judge(standing, input.action, input.resource, input.labels, input.output);
}

/** Whether the principal is one of those who may always do everything. */
export function isAdministrator(principal: Principal, admins: ReadonlySet<string>): boolean {
	const { id, email } = principal;
	const kind = provenBy(principal);
	return (
		// Whoever logged in with the admin token; no other subject can have this id.
		id === "admin" ||
		kind === "admin-token" ||
		kind === "auth-disabled" ||
		kind === "system" ||
		(email !== undefined && admins.has(email))
	);
}

/** The first half of `decide`: what depends on the principal alone. */
export function standingOf(
	policy: Policy | null,
	admins: ReadonlySet<string>,
	principal: Principal,
	fromTeams: TeamRules = noTeamRules,
): Standing {
	const narrowed = principal.scope?.roles ?? null;
	const isAdministering = isAdministrator(principal, admins);
	const isAdmin = isAdministering && (narrowed === null || narrowed.includes(adminRole));
	const units = principal.scope?.units ?? null;
	const isEnabled = policy !== null && policy.enabled !== null;
	const held = isEnabled ? heldRoles(policy, principal, isAdministering) : [];
	const roles = [...held.map((one) => one.role), ...fromTeams.roles];
	const ofTeams = fromTeams.rules.map((rule) => heldByTeam(rule, narrowed));
	return {
		isAdmin,
		isEnabled: isEnabled || fromTeams.roles.length > 0,
		roles: [...new Set([...(isAdmin ? [adminRole] : []), ...roles])],
		rules: [...(policy === null ? [] : rulesOf(policy, held, narrowed)), ...ofTeams],
		ofUnits: fromTeams.ofUnits,
		narrowed,
		units: units === null ? null : units.flatMap(readableResource),
	};
}

function heldByTeam(rule: GivenRule, narrowed: readonly string[] | null): HeldRule {
	return { ...rule, within: null, mayAllow: narrowed === null || narrowed.includes(rule.role) };
}

interface HeldRole {
	readonly role: string;
	readonly within: Resource | null;
}

function heldRoles(policy: Policy, principal: Principal, isAdministering: boolean): HeldRole[] {
	const existing = new Set(policy.roles.map((role) => role.id));
	const narrowed = principal.scope?.roles ?? null;
	// Who may do everything has every role: their credential may be narrowed to any.
	const own = isAdministering ? (narrowed ?? []) : (principal.roles ?? []);
	const brought = own.filter((role) => existing.has(role));
	const groups = new Set(principal.groups);
	return [
		...brought.map((role) => ({ role, within: null })),
		...policy.assignments
			.filter((assignment) => isAssigned(assignment, principal, groups))
			.map(({ role, within }) => ({ role, within })),
	];
}

function isAssigned(
	assignment: Assignment,
	principal: Principal,
	groups: ReadonlySet<string>,
): boolean {
	const { kind, subject, email } = assignment;
	if (kind === "group") return subject !== null && groups.has(subject);
	if (kind === "token") {
		const isToken = provenBy(principal) === "api-token";
		const { id, loginId } = principal;
		return isToken && (subject === id || `service:${subject}` === id || subject === loginId);
	}
	return subject === null ? email !== null && email === principal.email : subject === principal.id;
}

function rulesOf(
	policy: Policy,
	held: readonly HeldRole[],
	narrowed: readonly string[] | null,
): HeldRule[] {
	const roles = new Map(policy.roles.map((role) => [role.id, role]));
	const permissions = new Map(policy.permissions.map((permission) => [permission.id, permission]));
	return held.flatMap(({ role, within }) =>
		(roles.get(role)?.permissions ?? []).flatMap((permission) =>
			(permissions.get(permission)?.rules ?? []).map((rule) => ({
				role,
				permission,
				rule,
				within,
				mayAllow: narrowed === null || narrowed.includes(role),
			})),
		),
	);
}

/** Nothing for a pattern that is not understood: it narrows to nothing. */
function readableResource(text: string): Resource[] {
	try {
		return [parseResource(text)];
	} catch {
		return [];
	}
}

/** Whether the decision depends on the labels of the unit. */
export function needsLabels(standing: Standing, action: Action): boolean {
	if (standing.units?.some((resource) => resource.kind !== "pattern") === true) return true;
	if (standing.isAdmin) return false;
	return standing.rules.some(
		({ rule, within }) =>
			isAbout(rule, action) &&
			((within !== null && within.kind !== "pattern") ||
				rule.resources.some((resource) => resource.kind !== "pattern")),
	);
}

function isAbout(rule: Rule, action: Action): boolean {
	const wider = includedIn(action);
	return (
		rule.actions.includes(action) ||
		rule.actions.includes(everyAction) ||
		(wider !== null && rule.actions.includes(wider))
	);
}

function holds(within: Resource | null, resource: string, labels: Labels): boolean {
	if (within === null || coversEverything(within)) return true;
	return coversUnit(within, resource, labels);
}

/**
 * Whether the resource is about what is asked. Outputs without a name: what allows some of them
 * allows to look for them, and only what denies all of them forbids it.
 */
function covers(one: Resource, question: Question, effect: Rule["effect"]): boolean {
	const { action, resource, labels, output } = question;
	if (action !== outputAction) return coversUnit(one, resource, labels);
	const name = output ?? { of: effect === "allow" ? ("some" as const) : ("every" as const) };
	return coversOutput(one, resource, labels, name);
}

interface Question {
	readonly action: Action;
	readonly resource: string;
	readonly labels: Labels;
	readonly output: string | undefined;
}

/** The second half of `decide`: one question. Never throws. */
export function judge(
	standing: Standing,
	action: Action,
	resource: string,
	labels: Labels,
	output?: string,
): AccessDecision {
	const { roles } = standing;
	const answer = (allowed: boolean, reason: string, rules: readonly HeldRule[] = []) => ({
		allowed,
		reason,
		roles,
		rules: rules.map(({ role, permission, rule }) => ({ role, permission, rule: ruleText(rule) })),
	});
	const question: Question = { action, resource, labels, output };
	if (standing.units !== null && !isWithinScope(standing.units, question)) {
		return answer(false, "the credential is narrowed to other units");
	}
	if (standing.isAdmin) return answer(true, "administrators may do everything");
	if (!standing.isEnabled) {
		return answer(false, "there are no roles yet: only administrators may act");
	}
	const ofUnit = standing.ofUnits.flatMap((byUnit) => byUnit.get(resource) ?? []);
	const near = ofUnit.map((rule) => heldByTeam(rule, standing.narrowed));
	const held = near.length === 0 ? standing.rules : [...near, ...standing.rules];
	const applying = held.filter(
		({ rule, within }) =>
			isAbout(rule, action) &&
			holds(within, resource, labels) &&
			rule.resources.some((one) => covers(one, question, rule.effect)),
	);
	const denying = applying.filter(({ rule }) => rule.effect === "deny");
	if (denying.length > 0) return answer(false, "a rule denies it", denying);
	const allowing = applying.filter(({ rule, mayAllow }) => rule.effect === "allow" && mayAllow);
	if (allowing.length > 0) return answer(true, "a rule allows it", allowing);
	return answer(false, roles.length === 0 ? "no role is assigned" : "no rule allows it");
}

function isWithinScope(units: readonly Resource[], question: Question): boolean {
	return question.resource === everything
		? units.some(coversEverything)
		: units.some((one) => covers(one, question, "allow"));
}
