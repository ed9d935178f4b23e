// What no variable can know alone: rules between variables, and what only production forbids.
import type { ConfigProblem } from './config-problem.js';
import type { Values } from './settings.js';

const placeholders = /change.?me|secret|password|placeholder|your.|example|^(.)\1*$|^(0123|1234|abcd|qwert)/i;
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

type Report = (variable: ConfigProblem['variable'], received: string, allowed: string) => void;

function productionSecrets({ NODE_ENV, JWT_SECRET }: Values, report: Report): void {
  if (NODE_ENV !== 'production') return;
  const advice =
    '32 random characters or more in production; make one with `node -p "crypto.randomBytes(32).toString(\'base64url\')"`';
  if (JWT_SECRET === undefined) report('JWT_SECRET', 'nothing', advice);
  else if (JWT_SECRET.length < 32) report('JWT_SECRET', `${JWT_SECRET.length} characters (hidden)`, advice);
  else if (placeholders.test(JWT_SECRET)) report('JWT_SECRET', 'a placeholder (hidden)', advice);
}

function keysOnTheWire({ MODELS }: Values, report: Report): void {
  for (const { name, baseUrl, apiKey } of MODELS) {
    const { protocol, hostname, origin } = new URL(baseUrl);
    if (apiKey === undefined || protocol === 'https:' || loopback.test(hostname)) continue;
    report('MODELS', `${origin} for "${name}"`, 'https wherever an apiKey is sent to another machine');
  }
}

function drainOutlastsAnswers({ MODELS, DRAIN_TIMEOUT_MS }: Values, report: Report): void {
  const slowest = Math.max(...MODELS.map(({ timeoutMs }) => timeoutMs));
  if (DRAIN_TIMEOUT_MS >= slowest) return;
  report(
    'DRAIN_TIMEOUT_MS',
    String(DRAIN_TIMEOUT_MS),
    `at least ${slowest}, the longest timeoutMs in MODELS, or a shutdown cuts off answers under way`,
  );
}

export function crossChecks(values: Values, env: NodeJS.ProcessEnv): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (variable, received, allowed) =>
    problems.push({ variable, place: '', received, rule: `must be ${allowed}` });
  productionSecrets(values, report);
  if (values.NODE_ENV === 'production' && !env.MODELS) {
    report('MODELS', 'nothing', 'set in production: the default is the stand-in providers');
  }
  keysOnTheWire(values, report);
  drainOutlastsAnswers(values, report);
  return problems;
}
