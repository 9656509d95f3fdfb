// Rules of the device register that a form can check before it asks the server.
import type { Device, DeviceProfile, DeviceState } from '#lib/api/types';

export const deviceStates: DeviceState[] = ['planned', 'active', 'maintenance', 'replaced', 'retired'];

const next: Record<DeviceState, DeviceState[]> = {
  planned: ['active', 'retired'],
  active: ['maintenance', 'replaced', 'retired'],
  maintenance: ['active', 'replaced', 'retired'],
  replaced: ['planned', 'retired'],
  retired: []
};

/** A retired device stays retired; a replaced one is planned anew. */
export function mayChange(from: DeviceState, to: DeviceState): boolean {
  return from === to || next[from].includes(to);
}

/** Whether a device reports as often as it should; neutral when it never has. */
export function heard(device: Device): 'good' | 'bad' | 'neutral' {
  if (device.stale) return 'bad';
  return device.health?.lastSeen ? 'good' : 'neutral';
}

/** A DevEUI as people write it, with colons, hyphens or blanks: 16 hexadecimal digits, or nothing. */
export function parseEui(text: string): string | undefined {
  const digits = text.replace(/[\s:-]/g, '').toLowerCase();
  return /^[0-9a-f]{16}$/.test(digits) ? digits : undefined;
}

/** Degrees with a decimal point or comma. */
export function parseDegrees(text: string): number | undefined {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() === '' || !Number.isFinite(value) ? undefined : value;
}

/** What a profile delivers about the place it measures. */
export function deliveredBy(profile: DeviceProfile): { name: string; unitCode?: string }[] {
  return (profile.attributes ?? []).filter((attribute) => attribute.target !== 'device');
}

/** A local time as `<input type="datetime-local">` gives it, in the browser's own zone, as a time in UTC. */
export function localToUtc(text: string): string {
  const time = text ? new Date(text) : new Date();
  return (Number.isNaN(time.getTime()) ? new Date() : time).toISOString();
}
