// UN/CEFACT codes as people write them, and the few attributes that Smart Data Models count as a share of one.

import { shortName } from './names';

const signs: Record<string, string> = {
  CEL: '°C',
  P1: '%',
  C62: '',
  GQ: 'µg/m³',
  GP: 'mg/m³',
  '59': 'ppm',
  '61': 'ppb',
  MTR: 'm',
  CMT: 'cm',
  '28': 'mm',
  MMT: 'mm',
  KMT: 'km',
  MTS: 'm/s',
  KMH: 'km/h',
  A97: 'hPa',
  PAL: 'Pa',
  MBR: 'mbar',
  KPA: 'kPa',
  BAR: 'bar',
  KWH: 'kWh',
  WHR: 'Wh',
  MWH: 'MWh',
  WTT: 'W',
  KWT: 'kW',
  VLT: 'V',
  '2Z': 'mV',
  AMP: 'A',
  '4K': 'mA',
  HTZ: 'Hz',
  LTR: 'l',
  MTQ: 'm³',
  MQH: 'm³/h',
  LUX: 'lx',
  '2N': 'dB',
  DBM: 'dBm',
  DD: '°',
  D54: 'W/m²',
  H67: 'mm/h',
  SEC: 's',
  MIN: 'min',
  HUR: 'h',
  DAY: 'd',
  KGM: 'kg',
  D10: 'S/m',
  H61: 'mS/cm',
  G42: 'µS/cm',
  Q30: 'pH',
  MLT: 'ml',
  BQL: 'Bq',
  A18: 'Bq/kg',
  NTU: 'NTU',
  M1: 'mg/l'
};

const shares = new Set([
  'relativeHumidity',
  'fillingLevel',
  'occupancy',
  'batteryLevel',
  'soilMoistureVwc',
  'soilMoistureVWC'
]);

const usual: Record<string, string> = {
  temperature: 'CEL',
  soilTemperature: 'CEL',
  dewPoint: 'CEL',
  atmosphericPressure: 'A97',
  windSpeed: 'MTS',
  windDirection: 'DD',
  precipitation: 'MMT',
  waterLevel: 'MTR',
  pm10: 'GQ',
  pm25: 'GQ',
  PM10: 'GQ',
  PM25: 'GQ',
  no2: 'GQ',
  NO2: 'GQ',
  o3: 'GQ',
  O3: 'GQ',
  co2: '59',
  CO2: '59',
  LAeq: '2N',
  laeq: '2N',
  averageVehicleSpeed: 'KMH',
  illuminance: 'LUX'
};

export interface Measure {
  /** Multiply by this before showing. */
  factor: number;
  sign: string;
}

export function measureOf(name: string, unitCode?: string, value?: unknown): Measure {
  const attribute = shortName(name);
  const share = shares.has(attribute) && (!unitCode || unitCode === 'C62');
  if (share && (typeof value !== 'number' || Math.abs(value) <= 1)) return { factor: 100, sign: '%' };
  const code = unitCode ?? usual[attribute];
  return { factor: 1, sign: code === undefined ? '' : (signs[code] ?? code) };
}
