using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace Shop.Heating
{
    /// <summary>What a sensor said, and when.</summary>
    public readonly struct Reading
    {
        public Reading(DateTime at, double celsius)
        {
            At = at;
            Celsius = celsius;
        }

        public DateTime At { get; }

        public double Celsius { get; }
    }

    public interface IHeater
    {
        bool IsOn { get; }

        Task SwitchAsync(bool on);
    }

    public sealed class Thermostat
    {
        private const double Tolerance = 0.5;

        private readonly IHeater heater;
        private readonly Queue<Reading> readings = new Queue<Reading>();
        private double target = 20.0;

        public Thermostat(IHeater heater)
        {
            this.heater = heater ?? throw new ArgumentNullException(nameof(heater));
        }

        public event EventHandler<Reading> Alarm;

        public double Target
        {
            get => target;
            set
            {
                if (value < 5 || value > 30)
                {
                    throw new ArgumentOutOfRangeException(nameof(value), $"{value} °C is no room temperature");
                }

                target = value;
            }
        }

        public async Task FeelAsync(Reading reading)
        {
            readings.Enqueue(reading);
            while (readings.Count > 5)
            {
                readings.Dequeue();
            }

            var mean = readings.Average(r => r.Celsius);
            if (mean < target - Tolerance && !heater.IsOn)
            {
                await heater.SwitchAsync(true);
            }
            else if (mean > target + Tolerance && heater.IsOn)
            {
                await heater.SwitchAsync(false);
            }

            foreach (var cold in readings.Where(r => r.Celsius < 3))
            {
                Alarm?.Invoke(this, cold);
            }
        }
    }
}
