import { isCluster } from './clients.js';
import type { RedisCommand } from './commands.js';
import type { RedisClient } from './redis-options.js';

/** What ioredis itself sends before a connection is ready. A caller's commands of that moment must wait, as others do. */
export function isHandshake(client: RedisClient, { name, args }: RedisCommand): boolean {
  const { status, options } = client;
  if (status !== 'connect') return false;
  if (isCluster(client)) return name.toLowerCase() === 'cluster';
  const own = options as { db?: unknown; password?: unknown; protocol?: unknown; readOnly?: unknown };
  const [first] = args;
  switch (name.toLowerCase()) {
    case 'info':
      return args.length === 0;
    case 'hello':
      return String(first) === String(own.protocol);
    case 'auth':
      return String(args.at(-1)) === String(own.password);
    case 'select':
      return Number(first) === Number(own.db);
    case 'client':
      return ['setname', 'setinfo'].includes(String(first).toLowerCase());
    case 'readonly':
      return own.readOnly === true;
    default:
      return false;
  }
}
