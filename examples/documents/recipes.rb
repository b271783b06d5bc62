# frozen_string_literal: true

require "json"
require "set"

# Recipes, and what has to be bought for them.
module Kitchen
  Ingredient = Struct.new(:name, :amount, :unit)

  class UnknownRecipe < StandardError
    def initialize(name)
      super("There is no recipe for #{name}")
    end
  end

  class Recipe
    attr_reader :title, :ingredients

    def initialize(title, serves: 2)
      @title = title
      @serves = serves
      @ingredients = []
      yield self if block_given?
    end

    def needs(name, amount, unit = "g")
      @ingredients << Ingredient.new(name, amount, unit)
      self
    end

    def for(guests)
      factor = guests.to_f / @serves
      @ingredients.map do |item|
        Ingredient.new(item.name, (item.amount * factor).ceil, item.unit)
      end
    end

    def to_s
      <<~TEXT
        #{title}
        #{"=" * title.length}
      TEXT
    end
  end

  class Book
    include Enumerable

    def initialize(recipes = [])
      @recipes = recipes.to_h { |recipe| [recipe.title.downcase, recipe] }
    end

    def each(&block)
      @recipes.each_value(&block)
    end

    def find_recipe(name)
      @recipes.fetch(name.downcase) { raise UnknownRecipe, name }
    end

    def shopping_list(names, guests:)
      list = Hash.new(0)
      names.each do |name|
        find_recipe(name).for(guests).each do |item|
          list["#{item.name} (#{item.unit})"] += item.amount
        end
      rescue UnknownRecipe => e
        warn e.message
      end
      list.sort.to_h
    end

    def season(month)
      case month
      when 12, 1, 2 then :winter
      when 3..5
        :spring
      else
        month < 9 ? :summer : :autumn
      end
    end
  end
end

soup = Kitchen::Recipe.new("Kürbissuppe", serves: 4) do |recipe|
  recipe.needs("pumpkin", 800).needs("onion", 1, "piece")
end

if $PROGRAM_NAME == __FILE__
  book = Kitchen::Book.new([soup])
  puts JSON.pretty_generate(book.shopping_list(%w[kürbissuppe], guests: 6))
end
