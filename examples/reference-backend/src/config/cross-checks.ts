// What no variable can know alone: rules between variables, and what only production forbids.
import type { ConfigProblem } from './config-problem.js';
import type { Values } from './settings.js';

const placeholders = /change.?me|secret|password|placeholder|your.|example|^(.)\1*$|^(0123|1234|abcd|qwert)/i;
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

type Report = (variable: ConfigProblem['variable'], received: string, allowed: string) => void;

/** What passed its own check: a variable that did not has no key here, and its rules wait. */
type Passed = Partial<Values>;

function productionSecrets(values: Passed, report: Report): void {
  if (values.NODE_ENV !== 'production' || !('JWT_SECRET' in values)) return;
  const { JWT_SECRET } = values;
  const advice =
    '32 random characters or more in production; make one with `node -p "crypto.randomBytes(32).toString(\'base64url\')"`';
  if (JWT_SECRET === undefined) report('JWT_SECRET', 'nothing', advice);
  else if (JWT_SECRET.length < 32) report('JWT_SECRET', `${JWT_SECRET.length} characters (hidden)`, advice);
  else if (placeholders.test(JWT_SECRET)) report('JWT_SECRET', 'a placeholder (hidden)', advice);
}

function keysOnTheWire({ MODELS = [] }: Passed, report: Report): void {
  for (const { name, baseUrl, apiKey } of MODELS) {
    const { protocol, hostname, origin } = new URL(baseUrl);
    if (apiKey === undefined || protocol === 'https:' || loopback.test(hostname)) continue;
    report('MODELS', `${origin} for "${name}"`, 'https wherever an apiKey is sent to another machine');
  }
}

function drainOutlastsAnswers({ MODELS, DRAIN_TIMEOUT_MS }: Passed, report: Report): void {
  if (MODELS === undefined || DRAIN_TIMEOUT_MS === undefined) return;
  const slowest = Math.max(...MODELS.map(({ timeoutMs }) => timeoutMs));
  if (DRAIN_TIMEOUT_MS >= slowest) return;
  report(
    'DRAIN_TIMEOUT_MS',
    String(DRAIN_TIMEOUT_MS),
    `at least ${slowest}, the longest timeoutMs in MODELS, or a shutdown cuts off answers under way`,
  );
}

export function crossChecks(values: Passed, env: NodeJS.ProcessEnv): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (variable, received, allowed) =>
    problems.push({ variable, place: '', received, rule: `must be ${allowed}` });
  productionSecrets(values, report);
  if (values.NODE_ENV === 'production' && !env.MODELS?.trim()) {
    report('MODELS', 'nothing', 'set in production: the default is the stand-in providers');
  }
  keysOnTheWire(values, report);
  drainOutlastsAnswers(values, report);
  return problems;
}
