/** One rule of a permission, and its text form `effect:actions:resources`. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import {
	type Action,
	everyAction,
	findAction,
	isGlobalAction,
	outputAction,
	parseAction,
} from "./action.ts";
import { coversEverything, parseResource, type Resource } from "./resource.ts";

export type Effect = "allow" | "deny";

export interface Rule {
	readonly effect: Effect;
	readonly actions: readonly (Action | typeof everyAction)[];
	readonly resources: readonly Resource[];
}

/** A rule as it is stored and sent. */
export interface PlainRule {
	readonly effect: string;
	readonly actions: readonly string[];
	readonly resources: readonly string[];
}

const ruleHint =
	"write effect:actions:resources, e.g. allow:unit.read,unit.write:dev/* or deny:*:env=prod";

function invalid(message: string): DomainError {
	return new DomainError("invalid_request", message, { hint: ruleHint });
}

/** Checks a rule's parts. Fails with `invalid_request`. */
export function parseRule(plain: PlainRule): Rule {
	const { effect } = plain;
	if (effect !== "allow" && effect !== "deny") {
		throw invalid("the effect of a rule is neither allow nor deny");
	}
	checkCount(plain.actions, "actions");
	checkCount(plain.resources, "resources");
	const actions = plain.actions.map((text) => (text === everyAction ? text : parseAction(text)));
	const resources = plain.resources.map(parseResource);
	const isLost =
		!resources.some(coversEverything) &&
		actions.some((action) => action !== everyAction && isGlobalAction(action));
	if (isLost) {
		throw new DomainError(
			"invalid_request",
			"rbac.manage, token.manage, system.manage and team.… belong to no unit: their resource is *",
			{ hint: "put them into a rule of their own with the resource *" },
		);
	}
	checkOutputs(actions, resources);
	return { effect, actions: [...new Set(actions)], resources };
}

/** Of a single output nothing can be allowed or denied but that it is read. */
function checkOutputs(actions: Rule["actions"], resources: readonly Resource[]): void {
	if (resources.every((resource) => resource.output === null)) return;
	if (actions.every((action) => action === outputAction)) return;
	throw new DomainError("invalid_request", "a rule about single outputs has another action", {
		hint: `the only one is ${outputAction}, e.g. allow:${outputAction}:network/*#vpc_*`,
	});
}

function checkCount(items: readonly string[], what: string): void {
	if (items.length === 0) throw invalid(`a rule has no ${what}`);
	if (items.length > limits.ruleItemsMax) {
		throw new DomainError("too_large", `a rule has more than ${limits.ruleItemsMax} ${what}`);
	}
}

/**
 * Reads `allow:unit.read,unit.write:dev/*`, also with actions spelt `unit:read`. Fails with
 * `invalid_request`.
 */
export function parseRuleText(text: string): Rule {
	const first = text.indexOf(":");
	if (first === -1) throw invalid("a rule is not of the form effect:actions:resources");
	const rest = text.slice(first + 1);
	// Actions may hold colons themselves: the list ends at the first one that leaves whole actions.
	for (let at = rest.indexOf(":"); at !== -1; at = rest.indexOf(":", at + 1)) {
		const actions = rest.slice(0, at).split(",");
		if (!actions.every((one) => one === everyAction || findAction(one) !== null)) continue;
		const resources = rest.slice(at + 1).split(",");
		return parseRule({ effect: text.slice(0, first), actions, resources });
	}
	throw invalid("a rule is not of the form effect:actions:resources, or an action is not known");
}

/** The rule as it is stored and sent. */
export function plainRule(rule: Rule): PlainRule {
	return {
		effect: rule.effect,
		actions: rule.actions,
		resources: rule.resources.map((resource) => resource.text),
	};
}

/** The rule in its text form. */
export function ruleText(rule: Rule): string {
	const { effect, actions, resources } = plainRule(rule);
	return `${effect}:${actions.join(",")}:${resources.join(",")}`;
}
