/** Tells whether a request, as `GET /orders/7?x=1`, is meant by a route. */
export type RouteMatcher = (method: string, url: string) => boolean;

/** `[METHOD ]/path`, or `*` for everything. */
export function isRoute(received: unknown): boolean {
  return typeof received === 'string' && /^(?:[A-Z]+ )?(?:\*|\/\S{0,500})$/.test(received);
}

/** What `isRoute` asks for, for messages. */
export const ROUTE_FORM =
  'a path like "/orders/*", if need be with a method like "GET /orders/*" (* stands for any characters)';

/** The query is not looked at. */
export function routeMatcher(route: string): RouteMatcher {
  const space = route.indexOf(' ');
  const method = space === -1 ? undefined : route.slice(0, space);
  const parts = route.slice(space + 1).split('*');
  return (requestMethod, url) => {
    if (method !== undefined && method !== requestMethod) return false;
    const query = url.indexOf('?');
    return matches(parts, query === -1 ? url : url.slice(0, query));
  };
}

/** The first part at the start, the last at the end, those between in order: linear, where a regular expression is not. */
function matches(parts: readonly string[], path: string): boolean {
  const first = parts[0] as string;
  if (parts.length === 1) return path === first;
  const last = parts[parts.length - 1] as string;
  if (!path.startsWith(first) || !path.endsWith(last)) return false;
  let position = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = path.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return position <= path.length - last.length;
}
