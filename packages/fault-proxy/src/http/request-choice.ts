import { option } from '@mainstay/core';
import type { FaultKind, FaultSpec, RequestTools } from '../fault.js';
import type { AnswerPlan } from './answer-plan.js';
import { isRoute, ROUTE_FORM, type RouteMatcher, routeMatcher } from './route.js';

/** Which requests a fault of the HTTP mode meets. */
export interface RequestChoice {
  /** The share of the matching requests, 0 to 1. Default 1. */
  rate?: number;
  /** `[METHOD ]path`, where `*` stands for any characters and the query is not looked at. Default `*`: all requests. */
  route?: string;
}

export const choiceFields = {
  rate: option.ratio({ default: 1 }),
  route: option.custom<string>(ROUTE_FORM, isRoute, { default: '*' }),
};

type ChosenFault = FaultSpec & Readonly<Required<RequestChoice>>;

const matchers = new WeakMap<ChosenFault, RouteMatcher>();

/** Whether the fault meets this request. */
function chooses(fault: ChosenFault, method: string, url: string, tools: RequestTools): boolean {
  let matcher = matchers.get(fault);
  if (matcher === undefined) {
    matcher = routeMatcher(fault.route);
    matchers.set(fault, matcher);
  }
  return matcher(method, url) && tools.random() < fault.rate;
}

/** A kind of fault of the HTTP mode, from its options and what it makes of the answer to a request that it meets. */
export function requestKind<Fault extends ChosenFault>(
  type: Fault['type'],
  read: (options: never) => Fault,
  alter: (fault: Fault, plan: AnswerPlan, tools: RequestTools) => void,
): FaultKind<Fault> {
  return {
    type,
    read,
    effect: {
      layer: 'request',
      plan(fault, plan, method, url, tools) {
        if (chooses(fault, method, url, tools)) alter(fault, plan, tools);
      },
    },
  };
}
